"""The accuracy and the speed of the arms of an experiment over time, and where their level changed.

A series holds what can be compared: one arm, run in one way, trained on one spec; of times also one machine. Where an
experiment's spec or the machine is another, another series begins, and the two are never joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from harness.results.catalogue.tables import joined, where_in
from harness.scenarios.catalogue.asking import Asked, all_of, selection
from harness.scenarios.catalogue.mistakes import no_such, refuse

ACCURACY, STEP_TIME = "test_accuracy", "step_time_s"
MEASURES = (ACCURACY, STEP_TIME)
WAY = ("arm", "kind", "variant", "adapter", "mode", "loop", "device", "precision", "policy", "threads", "settings")
SAME = (*WAY, "spec_digest")
# What may change from run to run and is named where the level changed.
FACTS = ("twinrun", "python", "host", "version", "packages", "settings")
ENDED = ("complete", "agrees", "known")  # of an arm that trained, of a row of a bench with credit
NEAR = 2  # runs to either side of a change


@dataclass(frozen=True)
class Series:
    """The runs of one series in the order of time: their places, times, the `values` of one measure, and their rows."""

    measure: str
    key: tuple[Any, ...]
    rows: Sequence[Mapping[str, Any]]

    @property
    def values(self) -> list[float]:
        """The measured values, in order."""
        return [row[self.measure] for row in self.rows]

    @property
    def times(self) -> list[datetime]:
        """When the runs were created, UTC, in order."""
        return [row["created"] for row in self.rows]

    @property
    def arm(self) -> str:
        """The name of the arm."""
        return str(self.rows[0]["arm"])


@dataclass(frozen=True)
class Changed:
    """A change of the level of a series. `run`: the first of the new level. `facts`: what else changed near it."""

    series: Series
    run: str
    created: datetime
    before: float
    after: float
    p: float
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Trend:
    """`series`: of all measures. `differing`: the keys of `SAME`, and `machine`, that differ between series."""

    experiment: str
    series: tuple[Series, ...]
    changes: tuple[Changed, ...]
    differing: tuple[str, ...]
    notes: tuple[str, ...]


def trend_of(request: Asked) -> Trend:
    """The trend of the experiment that is asked for. Raises UserMistake where no run is of it."""
    (experiment,) = request.words
    catalogue = all_of(request)
    names = sorted(set(filter(None, catalogue.table["experiment"].to_pylist())))
    if experiment not in names:
        refuse([no_such(f"{request.root.shown} has no experiment {experiment!r}", experiment, names)])
    table = where_in(selection(request, catalogue), "experiment", {experiment})
    arms = joined(table, "arms")
    columns = dict.fromkeys(("run", "status", "created", "machine", "arm_status", "samples_per_s"))
    columns |= dict.fromkeys((*SAME, *MEASURES, *FACTS))
    rows = [
        row
        for row in arms.select(list(columns)).to_pylist()
        if row["status"] in ("complete", "unmarked") and row["arm_status"] in ENDED
        if row["created"] is not None and (not request.choice.arm or row["arm"] in request.choice.arm)
    ]
    series = [one for measure in MEASURES for one in _series(rows, measure)]
    different = [name for name in (*SAME[1:], "machine") if len({row[name] for row in rows}) > 1]
    return Trend(experiment, tuple(series), tuple(_changes(series)), tuple(different), catalogue.problems)


def _series(rows: Sequence[Mapping[str, Any]], measure: str) -> list[Series]:
    keys = SAME if measure == ACCURACY else (*SAME, "machine")
    grouped: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row[measure] is not None:
            grouped.setdefault(tuple(row[name] for name in keys), []).append(row)
    return [Series(measure, key, sorted(of_key, key=_in_time)) for key, of_key in grouped.items()]


def _in_time(row: Mapping[str, Any]) -> tuple[datetime, str]:
    return row["created"], row["run"]


def _changes(series: Sequence[Series]) -> list[Changed]:
    """The changes of all series, tested together, in the order of time."""
    from harness.timing.change_points import confirmed

    found = confirmed({number: one.values for number, one in enumerate(series)})
    changes = [
        Changed(
            series[number],
            series[number].rows[change.place]["run"],
            series[number].times[change.place],
            change.before,
            change.after,
            change.p,
            _facts(series[number].rows[max(0, change.place - NEAR) : change.place + NEAR]),
        )
        for number, changes in found.items()
        for change in changes
    ]
    return sorted(changes, key=lambda change: (change.created, change.series.measure, change.series.arm))


def _facts(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What changed between two neighbouring rows: `tensorflow 2.20.0 -> 2.21.0`."""
    told: dict[str, None] = {}
    for before, after in pairwise(rows):
        old, new = _versions(before), _versions(after)
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                told[f"{name} {old.get(name, 'none')} -> {new.get(name, 'none')}"] = None
    return tuple(told)


def _versions(row: Mapping[str, Any]) -> dict[str, str]:
    """The facts of a row by name; of packages each by its own."""
    facts = {name: str(row[name]) for name in ("twinrun", "python", "host", "settings") if row[name]}
    packages = dict(package.rpartition(" ")[::2] for package in (row["packages"] or "").split(", ") if package)
    return facts | (packages or {str(row["adapter"]): str(row["version"])})
