"""What is not the same about two recorded arms: settings, versions, how words were made, what checks said, the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from harness.records.tensor_key import TensorKey
from harness.records.trace import Trace
from harness.results.recorded import RecordedArm, RecordedRun
from harness.subjects.recorded.pairing import ArmPair

Rows = list[list[str]]
# What a record says of its environment may be of any length.
MOST_ROWS, LONGEST = 200, 500


def changed(pair: ArmPair) -> Rows:
    """Rows of (what, A, B): of the settings, of what the arms said that they ran on, and of how they made the words."""
    before, after = (dict(conditions_of(arm)) for arm in pair.sides)
    paths = list(dict.fromkeys([*before, *after]))
    other = [path for path in paths if before.get(path) != after.get(path)]
    rows = [[_short(text) for text in (path, before.get(path, ""), after.get(path, ""))] for path in other[:MOST_ROWS]]
    more = [[f"and {len(other) - MOST_ROWS} more", "", ""]] if len(other) > MOST_ROWS else []
    return rows + more


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def conditions_of(arm: RecordedArm) -> Iterator[tuple[str, str]]:
    """(what, value) of an arm's settings, of what it said that it ran on, and of how it made the words."""
    trace = arm.trace
    settings = trace.arm.model_dump(mode="json", exclude={"name", "timeout_s"})
    yield from _flat("arm", settings)
    if trace.arrangement is not None:
        yield "arrangement", str(trace.arrangement)
    yield "status", trace.status
    yield from _flat("", trace.environment)
    for word, made in trace.realisations.items():
        yield word, ", ".join(filter(None, (made.get(key) for key in ("kind", "by", "reason"))))
    yield "left", ", ".join(arm.left) or "no arrays"
    yield "also recorded", ", ".join(dict.fromkeys(TensorKey.parse(name).kind for name in arm.columns))


def _flat(path: str, plain: Any) -> Iterator[tuple[str, str]]:
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield from _flat(f"{path}.{key}" if path else str(key), value)
    elif plain is not None:
        yield path, str(plain)


def other_outcomes(a: RecordedRun, b: RecordedRun, pair: ArmPair) -> Rows:
    """The checks that each run made by itself, of this arm, and that came out otherwise, or were made by one alone.

    Rows of (rung, what, A, B).
    """
    before, after = (_outcomes(run, name.partition(".")[2]) for run, name in ((a, pair.names[0]), (b, pair.names[1])))
    rows = [[*key, status, after[key]] for key, status in before.items() if key in after and after[key] != status]
    for side, own, other in (("A", before, after), ("B", after, before)):
        alone = [", ".join(filter(None, key)) for key in own if key not in other]
        if alone and not a.verdicts.empty and not b.verdicts.empty:
            rows.append(["", f"{len(alone)} checks that {side} alone made, the first {alone[0]}", "", ""])
    return rows


def _outcomes(run: RecordedRun, arm: str) -> dict[tuple[str, str], str]:
    """What each check said of an arm: `agrees` where only the other arm of its pair was found wrong."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in run.verdicts.to_dict("records"):
        if arm in (row.get("arm_a"), row.get("arm_b")):
            culprits = row.get("culprit", "").split(", ")
            spared = row["status"] in ("diverges", "known") and culprits != [""] and arm not in culprits
            said = "agrees" if spared else row["status"]
            found.setdefault((row["rung"], row["subject"]), []).append(said)
    return {key: ", ".join(sorted(set(said))) for key, said in found.items()}


TIMES: tuple[tuple[str, Callable[[Trace], float | None]], ...] = (
    ("import", lambda trace: trace.import_time_s),
    ("compile", lambda trace: trace.compile_time_s),
    ("step, median", lambda trace: trace.step_time_s),
    ("samples/s", lambda trace: trace.samples_per_s),
    ("training", lambda trace: sum(e.epoch_time_s for e in trace.epochs) or None),
    ("peak memory", lambda trace: trace.epochs[-1].peak_rss_bytes if trace.epochs else None),
)


def times(pair: ArmPair) -> list[tuple[str, float | None, float | None]]:
    """What each took, (what, A, B): seconds, samples a second, bytes. Without what neither measured."""
    a, b = (arm.trace.of_whole_epochs for arm in pair.sides)
    measured = [(what, _finite(measure(a)), _finite(measure(b))) for what, measure in TIMES]
    return [row for row in measured if row[1:] != (None, None)]


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and isfinite(value) else None
