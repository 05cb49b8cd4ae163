"""What a bench measures: a record of every process that was timed, its blocks, and how the bench ended.

A bench's folder holds `bench.json` (`Bench`), `processes.json` (a list of `ProcessRecord`, in the order in which they
were timed, the processes of the control among them) and `samples.parquet` (a row for each block of each process, with
the columns `SAMPLE_COLUMNS`). All three are written again after every process, so that a later failure loses nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.records.arrangement import ChosenArrangement
from harness.records.failure import Failure
from harness.records.interpreter import Interpreter
from harness.records.machine import Machine
from harness.spec.base import Spec

Seconds = Annotated[float, Field(ge=0)]
Bytes = Annotated[int, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]

PROTOCOL = 1
CONTROL = "control"  # the row of the control's processes
Part = Literal["first", "warm_up", "steady"]
PARTS: tuple[Part, ...] = ("first", "warm_up", "steady")

# `process`: `ProcessRecord.number`. `block`: its place in the process, from 0. `part`: a `Part`. `steps`, `samples`: of
# the block. `dispatch_s`: until the call into the framework returned; `fetch_s`: from then until the losses were in the
# host's memory. A block of the control is one repetition of its work: one step, no sample.
SAMPLE_COLUMNS = ("process", "block", "part", "steps", "samples", "dispatch_s", "fetch_s")


class Phases(Spec):
    """The seconds of a process, from its start to the end of what was timed; their sum is `ProcessRecord.wall_s`.

    `interpreter`: Python and this package, until the framework is imported (`import`). `waiting`: for the parent, while
    another process was timed. `data_wait`: data and orders are read and prepared on the host. `build`: model, loss and
    optimizer are made. `data_to_device`: the training set is placed there. `compile`: tracing and compiling, before the
    first update. `first_step`: the first block. `warm_up`: the blocks up to the change point. `steady` and `host_sync`:
    of the blocks after it, the calls into the framework, and the waiting for their losses and the copying of these.
    `epoch`: one epoch of the plan, whole. `evaluation`: of the test set. `to_accuracy`: the training to a stated
    accuracy, with its evaluations. `timing`: the measuring itself: reading clocks and the state of the host.
    `roofline`: of the control, what the machine can do. `left_over`: what no phase accounts for.
    """

    interpreter_s: Seconds = 0.0
    import_s: Seconds = 0.0
    waiting_s: Seconds = 0.0
    data_wait_s: Seconds = 0.0
    build_s: Seconds = 0.0
    data_to_device_s: Seconds = 0.0
    compile_s: Seconds = 0.0
    first_step_s: Seconds = 0.0
    warm_up_s: Seconds = 0.0
    steady_s: Seconds = 0.0
    host_sync_s: Seconds = 0.0
    epoch_s: Seconds = 0.0
    evaluation_s: Seconds = 0.0
    to_accuracy_s: Seconds = 0.0
    timing_s: Seconds = 0.0
    roofline_s: Seconds = 0.0
    left_over_s: float = 0.0

    @property
    def by_name(self) -> dict[str, float]:
        """The seconds of each phase, by its name without the unit, in order."""
        return {name.removesuffix("_s"): float(seconds) for name, seconds in self}


class Memory(Spec):
    """Resident memory of the process: its peak so far (VmHWM) at three moments. `device_peak`: of the accelerator."""

    after_import: Bytes
    after_build: Bytes
    peak: Bytes
    device_peak: Bytes | None = None


class HostState(Spec):
    """The state of the host at one moment. What the host does not tell is None.

    `load`: the mean number of runnable processes over 1, 5 and 15 minutes. `stalled_s`: by resource (`cpu`, `memory`,
    `io`), the seconds since the host's start for which some process had to wait for it (/proc/pressure). `busy_s`: the
    processor seconds since then, of all `processors`, that were not idle. `frequency_mhz`: the mean over processors.
    """

    at_s: Seconds  # of a clock that all processes of the host share
    load: tuple[float, float, float] | None = None
    stalled_s: dict[str, Seconds] = Field(default_factory=dict)
    busy_s: Seconds | None = None
    processors: Whole | None = None
    frequency_mhz: Seconds | None = None


class Interference(Spec):
    """What the host did beside a process while it was timed, as shares of that time; None where it does not tell.

    `cpu_stalled`, `memory_stalled`, `io_stalled`: some process had to wait for that resource. `other_processors`: the
    processors that other processes kept busy, a number of processors. `load`: at the end, over one minute.
    """

    cpu_stalled: float | None = None
    memory_stalled: float | None = None
    io_stalled: float | None = None
    other_processors: float | None = None
    load: float | None = None


# A process is disturbed if others kept this many more processors busy than it left to them.
DISTURBING_PROCESSORS = 0.25


def disturbed_by_others(during: Interference, host: HostState | None, own_processors: int) -> bool:
    """Whether other processes took processors from one that uses so many; False where the host does not tell."""
    others = during.other_processors
    if others is None or host is None or host.processors is None:
        return False
    return others > host.processors - own_processors + DISTURBING_PROCESSORS


class Roofline(Spec):
    """What NumPy reaches here with the threads of an arm: a float32 matrix product, and a copy of memory."""

    threads: Whole  # 0: as many as its BLAS takes
    product_flops_per_s: Seconds
    copy_bytes_per_s: Seconds


class ProcessRecord(Spec):
    """One process. One that failed has what was measured before the failure, and the `failure`.

    `number`: its place in the bench, from 0. `place`: its place in its round. `steady_from`: the first of the
    `steady_blocks`. `settled`: whether a change point was found with a steady part behind it; else the second half of
    the blocks counts as steady. `timed_s`: from the first block to the end of the last. `cpu_s`: processor seconds in
    that time. `clock_s`: what reading the clocks around one block takes. `losses_digest`: of the losses of the plan's
    first epoch, equal in all processes that compute the same bits. `time_to_accuracy_s`: training time, without
    compiling and evaluation, to the accuracy that was stated; None where none was, or it was not reached. `test_loss`:
    None where it is not finite. `device_flag`: as of a trace.
    """

    number: Whole
    round: Whole
    place: Whole
    row: str
    arm: str  # empty for the control
    wall_s: Seconds = 0.0
    phases: Phases = Phases()
    memory: Memory | None = None
    block_steps: Whole = 0
    batch_size: Whole = 0
    steady_from: Whole = 0
    steady_blocks: Whole = 0
    settled: bool = True
    timed_s: Seconds = 0.0
    cpu_s: Seconds = 0.0
    clock_s: Seconds = 0.0
    epoch_time_s: Seconds | None = None
    time_to_accuracy_s: Seconds | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    energy_j: Seconds | None = None
    losses_digest: str = ""
    roofline: tuple[Roofline, ...] = ()  # of the control
    environment: dict[str, Any] = Field(default_factory=dict)
    affinity: tuple[Whole, ...] = ()
    before: HostState | None = None
    after: HostState | None = None
    interference: Interference = Interference()
    failure: Failure | None = None
    device_flag: str = ""

    @property
    def is_control(self) -> bool:
        """Whether the process timed the control."""
        return self.row == CONTROL


CreditStatus = Literal["agrees", "known", "diverges", "unverified", "unsupported", "crashed", "interrupted"]


class Credit(Spec):
    """Whether the arm of a row computes what the others do: the ladder's outcome for it. `source`: where that stands.

    `status` is the gravest of the arm's verdicts; a row's time counts where it is `agrees` or `known`.
    """

    status: CreditStatus
    source: str
    cause: str = ""

    @property
    def is_given(self) -> bool:
        """Whether the time of the row counts."""
        return self.status in ("agrees", "known")


class Row(Spec):
    """What is timed: an arm in its own loop or, with `loop`, in a training loop that users of its framework type.

    `credit` is None until it is known. `base_of`: of a gate that times head and base in turns, the row of the head to
    which this row is the base; empty for any other row. `work`: what a step does, in words, where the row is not of an
    experiment.
    """

    name: str
    arm: str
    adapter: str
    mode: str
    loop: str = ""
    arrangement: ChosenArrangement | None = None
    credit: Credit | None = None
    base_of: str = ""
    work: str = ""


def base_name(name: str) -> str:
    """What the base of a row, or of an arm, is called. No arm has such a name."""
    return f"{name}@base"


class Measurement(Spec):
    """How a bench measures. `precision`: the relative width to either side at which the interval of a ratio is narrow
    enough (0.02: two percent); `budget_s`: the seconds after which no other round begins.

    `processes`: how many processes a row has at least; rounds are whole, so every row has one process a round.
    `target_accuracy`: for the time to a stated accuracy; None is none.
    """

    precision: Annotated[float, Field(gt=0, lt=1)] = 0.02
    budget_s: Annotated[float, Field(gt=0)] = 240.0
    processes: Annotated[int, Field(ge=1, le=1000)] = 5
    target_accuracy: Annotated[float, Field(gt=0, lt=1)] | None = None


# `precision`: every interval is narrow enough; `budget`: another round would take too long; `failed`: no row is left.
# Of a gate that times head and base in turns, `first look`: it found every row not slower, and `last look`: all the
# rounds of the last look were timed.
Ended = Literal["precision", "budget", "failed", "first look", "last look"]


class Estimate(Spec):
    """What a bench was estimated to cost before its first round, from one process of each row that was not counted.

    `round_s`: one process of each row and of the control. `rounds`: how many fit into the budget. `resolution`: the
    smallest relative slowdown that these would tell, by the spread that is assumed of processes.
    """

    round_s: Seconds
    rounds: Whole
    spread: Seconds
    resolution: Seconds | None = None


class Bench(Spec):
    """The record of a bench. `ended`: why no other round began; None while it runs or where it did not finish.

    `protocol`: the version of how a process is timed - its blocks, its warm-up, the work of the control. Times of
    different protocols are not compared. `machine`: None in records of before it was recorded. `head`, `base`: what
    runs the two sides of a gate that times them in turns; None for any other bench.
    """

    schema_version: Literal[1] = 1
    protocol: Whole = PROTOCOL
    machine: Machine | None = None
    measurement: Measurement
    rows: tuple[Row, ...]
    control: str = ""  # the work of the control, in words
    estimate: Estimate | None = None
    rounds: Whole = 0  # whole rounds that were timed
    elapsed_s: Seconds = 0.0
    ended: Ended | None = None
    head: Interpreter | None = None
    base: Interpreter | None = None

    @property
    def pairs(self) -> tuple[tuple[Row, Row], ...]:
        """The rows of the head, each with its base; empty where no base is timed."""
        by_name = {row.name: row for row in self.rows}
        return tuple((by_name[row.base_of], row) for row in self.rows if row.base_of)

    def base_row(self, row: str) -> Row | None:
        """The base of a row of the head; None where there is none."""
        return next((base for head, base in self.pairs if head.name == row), None)
