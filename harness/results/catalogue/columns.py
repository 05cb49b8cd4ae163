"""The columns of the catalogue, with their units. `docs/results.md` explains them to users; a test compares the two.

A row of the index is a run with its `arms` and its `rungs` nested in it. Times are UTC, without a zone in the type.
"""

from __future__ import annotations

from typing import Literal, get_args

import pyarrow as pa

SCHEMA_VERSION = 1  # raised when a column changes its meaning or goes; a new column leaves it
# As `harness.records.verdict.Status`, without loading the specs; a test compares the two.
Status = Literal["agrees", "diverges", "known", "unsupported", "unverified", "interrupted", "crashed"]
TEXT, WHOLE, REAL, TIME = pa.string(), pa.int64(), pa.float64(), pa.timestamp("ms")  # Parquet has no seconds

RUN: dict[str, tuple[pa.DataType, str]] = {
    "run": (TEXT, "the folder, below that of the results"),
    "kind": (TEXT, "run, study, pair, comparison, bench or gate"),
    "experiment": (TEXT, "the name of the experiment"),
    "variant": (TEXT, "the variant of the experiment; empty without one"),
    "study": (TEXT, "the folder of the study, sweep or gate that this run is part of; empty for one of its own"),
    "seed": (WHOLE, "the seed of the plan"),
    "created": (TIME, "when the folder was claimed, UTC"),
    "ended": (TIME, "when the run was complete, UTC"),
    "status": (TEXT, "complete, running, unfinished, damaged, or unmarked: made before there were markers"),
    "verdict": (TEXT, "the first word of the sentence in lower case: agrees, diverges, timed, ..."),
    "exit_code": (WHOLE, "the exit code of the command"),
    "sentence": (TEXT, "the outcome in one sentence"),
    "judged": (TEXT, "what was judged and what was not"),
    "reason": (TEXT, "why the run is damaged or unfinished"),
    "twinrun": (TEXT, "the version of twinrun"),
    "python": (TEXT, "the version of Python of the command"),
    "host": (TEXT, "the name of the host"),
    "user": (TEXT, "the user"),
    "machine": (TEXT, "a digest of processor, cores, memory and system; of older runs the name of the host"),
    "processor": (TEXT, "the model of the processor"),
    "cores": (WHOLE, "the cores that the command might use"),
    "data": (TEXT, "where the data came from"),
    "parameters": (WHOLE, "the number of the model's parameters"),
    "batch_size": (WHOLE, "samples in a step"),
    "planned_steps": (WHOLE, "the steps of the plan"),
    "plan_digest": (TEXT, "the SHA-256 of the plan, 16 digits"),
    "spec_digest": (TEXT, "a digest of what is trained: data, model, loss, update and training, 16 digits"),
}
# Of the index alone: the state of the folder when the row was made, and the folders that it refers to.
HIDDEN: dict[str, tuple[pa.DataType, str]] = {
    "stamp": (TEXT, "the time and size of the marker"),
    "refers_to": (pa.list_(TEXT), "the folders that were compared, gated, or gave their credit"),
}
ARM: dict[str, tuple[pa.DataType, str]] = {
    "arm": (TEXT, "the name of the arm; of a bench that of the row"),
    "adapter": (TEXT, "mindspore, tensorflow, reference, ..."),
    "version": (TEXT, "the version of the framework"),
    "packages": (TEXT, "the packages that the framework consists of, with their versions"),
    "mode": (TEXT, "jit, pynative, graph, eager, ..."),
    "loop": (TEXT, "of a bench: the training loop, where it is not that of twinrun"),
    "device": (TEXT, "the device that was used"),
    "precision": (TEXT, "float32 or float64"),
    "policy": (TEXT, "native or exact"),
    "threads": (WHOLE, "the threads that the arm was set to"),
    "settings": (TEXT, "what its environment and its arrangement set"),
    "arm_status": (TEXT, "complete, recorded, unsupported, unverified, interrupted or crashed; of a bench its credit"),
    "test_accuracy": (REAL, "after the last epoch, a fraction of 1"),
    "test_loss": (REAL, "after the last epoch"),
    "train_loss": (REAL, "the mean over the last epoch"),
    "samples_scored": (WHOLE, "test samples"),
    "epochs": (WHOLE, "epochs that were completed"),
    "steps": (WHOLE, "steps that were completed"),
    "import_time_s": (REAL, "seconds"),
    "compile_time_s": (REAL, "seconds"),
    "step_time_s": (REAL, "seconds, the median over epochs; of a bench over processes"),
    "samples_per_s": (REAL, "training samples a second"),
    "train_time_s": (REAL, "seconds of all epochs"),
    "baseline_rss_bytes": (WHOLE, "resident memory before the training, bytes"),
    "peak_rss_bytes": (WHOLE, "the most resident memory, bytes"),
    "failure": (TEXT, "why the arm failed"),
}
RUNG: dict[str, tuple[pa.DataType, str]] = {
    "rung": (TEXT, "the name of the rung"),
    "checks": (WHOLE, "the number of its checks"),
    **dict.fromkeys(get_args(Status), (WHOLE, "checks with this verdict")),
    "worst_share": (REAL, "the largest error as a share of its tolerance"),
    "worst": (TEXT, "the check with that error, and the place in it"),
    "first_divergence": (TEXT, "the first check that diverges"),
}


def _fields(columns: dict[str, tuple[pa.DataType, str]]) -> list[pa.Field]:
    return [pa.field(name, kind) for name, (kind, _) in columns.items()]


ARMS, RUNGS = pa.list_(pa.struct(_fields(ARM))), pa.list_(pa.struct(_fields(RUNG)))
SCHEMA = pa.schema(
    [*_fields(RUN | HIDDEN), pa.field("arms", ARMS), pa.field("rungs", RUNGS)],
    metadata={"twinrun.schema_version": str(SCHEMA_VERSION)},
)
