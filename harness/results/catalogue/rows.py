"""Makes the rows of one folder: of the run itself and, of a study, a scaling or a gate, of the runs in it.

Nothing in a folder ends the reading of the others: a damaged run is a row with `status` damaged and the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness.records.exit_codes import AGREES, CRASHED, DIVERGES, INTERRUPTED, UNFINISHED, UNVERIFIED
from harness.results.catalogue.arms import timed_arms, trained_arms
from harness.results.catalogue.records import Records, mapping, objects, text, whole
from harness.results.catalogue.rungs import rung_rows, verdict_rows
from harness.results.claim import CLAIM, is_running
from harness.results.kinds import BENCH, COMPARISON, EXPERIMENT, GATE, PAIR, PLAN, SCALING, kind_of, runs_below

Row = dict[str, Any]
# What of an experiment is not trained, or is another draw of the same.
NOT_TRAINED = ("name", "variant", "seed", "arms", "comparison", "suite", "vocabulary", "rungs", "expected")
UNFINISHED_BY = {"interrupted": INTERRUPTED}
GRAVEST = (("crashed", CRASHED), ("diverges", DIVERGES), ("unverified", UNVERIFIED), ("agrees", AGREES))
DIGITS = 16


def rows_of(folder: Path, place: str, stamp: str) -> list[Row]:
    """The rows of the folder at `place` in its catalogue; the first is its own. `stamp`: that of `roots.stamp_of`."""
    first, runs = _row(folder, place, stamp)
    return [first, *(_row(folder / run, f"{place}/{run}", stamp, place)[0] for run in runs)]


def _row(folder: Path, place: str, stamp: str, study: str = "") -> tuple[Row, list[str]]:
    """The row of one folder, and the places of the runs below it."""
    records = Records(folder)
    kind = kind_of(folder)
    claim, plan = records.object(CLAIM), records.object(PLAN)
    experiment = records.object(EXPERIMENT)
    verdicts = verdict_rows(records)
    bench = records.object(BENCH) if kind == "bench" else {}
    if kind == "bench":
        records.object(SCALING)  # for its damage
    # Benches had a machine before claims had one.
    machine = mapping(claim.get("machine")) or mapping(bench.get("machine"))
    parts = place.split("/")
    row: Row = {
        "run": place,
        "kind": kind,
        "experiment": _name(records, experiment, kind) or (parts[-2] if len(parts) > 1 else parts[0]),
        "variant": text(experiment.get("variant")),
        "study": study,
        "seed": whole(experiment.get("seed")),
        "created": _time(claim.get("started")),
        "ended": _time(records.marker.get("ended")),
        "judged": text(records.marker.get("judged")),
        "twinrun": text(records.marker.get("twinrun")) or text(claim.get("twinrun")),
        "python": text(claim.get("python")),
        "host": text(claim.get("host")),
        "user": text(claim.get("user")),
        "machine": _digest(machine) if machine else text(claim.get("host")),
        "processor": text(machine.get("processor")),
        "cores": whole(machine.get("cores")),
        "data": text(plan.get("data")),
        "parameters": whole(plan.get("parameters")),
        "batch_size": whole(plan.get("batch_size")),
        "planned_steps": whole(plan.get("steps")),
        "plan_digest": text(plan.get("digest"))[:DIGITS],
        "spec_digest": _digest({key: experiment[key] for key in experiment if key not in NOT_TRAINED}),
        "stamp": stamp,
        "refers_to": _refers_to(records, kind),
        "arms": timed_arms(records) if kind == "bench" else trained_arms(records),
        "rungs": rung_rows(verdicts),
    }
    row |= _outcome(records, verdicts, is_running(folder))
    row["created"] = row["created"] or _time_in(parts[-1]) or row["ended"]
    runs = list(mapping(records.marker.get("runs"))) or (list(runs_below(folder)) if kind == "study" else [])
    return row, [run for run in runs if not Path(run).is_absolute() and ".." not in Path(run).parts]


def _outcome(records: Records, verdicts: list[dict[str, Any]], runs_now: bool) -> Row:
    """The columns that say how the run ended."""
    marker, problems = records.marker, records.problems
    if records.state == "complete":
        if problems:
            more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
            reason = problems[0] + more
            return _ended("damaged", "unverified", UNVERIFIED, f"UNVERIFIED: {reason}", reason)
        sentence = text(marker.get("sentence"))
        return _ended("complete", text(marker.get("status")).lower(), whole(marker.get("exit_code")), sentence)
    if records.state == "unmarked":
        statuses = {verdict["status"] for verdict in verdicts} or {"unverified"}
        word, code = next((pair for pair in GRAVEST if pair[0] in statuses), GRAVEST[-2])
        return _ended("damaged" if problems else "unmarked", word, code, "", "; ".join(problems))
    if runs_now:
        return _ended("running", "", None, "")
    ended = next((verdict for verdict in verdicts if verdict["rung"] == "run"), {})
    reason = text(ended.get("cause")) or "it did not come to its end, and left no word of why"
    word = "interrupted" if ended.get("subject") == "interrupted" else "unfinished"
    sentence = f"{word.upper()}: {reason}"
    return _ended("unfinished", word, UNFINISHED_BY.get(word, UNFINISHED), sentence, reason)


def _ended(status: str, verdict: str, code: int | None, sentence: str, reason: str = "") -> Row:
    return {"status": status, "verdict": verdict, "exit_code": code, "sentence": sentence, "reason": reason}


def _name(records: Records, experiment: Mapping[str, Any], kind: str) -> str:
    """What the run is of: its experiment or its pair; empty where neither can be read."""
    if kind == "pair" or not experiment:
        return text(records.object(PAIR).get("name"))
    return text(experiment.get("name"))


def _refers_to(records: Records, kind: str) -> list[str]:
    """The folders that were compared, were the sides of a gate, or gave a bench its credit."""
    if kind == "comparison":
        found = records.object(COMPARISON)
        return [text(found[key]) for key in ("a", "b") if text(found.get(key))]
    if kind == "gate":
        found = records.object(GATE)
        return [text(found[key]) for key in ("head", "base", "oldest") if text(found.get(key))]
    if kind == "bench":
        credits = [mapping(row.get("credit")) for row in objects(records.object(BENCH).get("rows"))]
        return sorted({text(credit.get("source")) for credit in credits} - {""})
    return []


def _digest(plain: Mapping[str, Any]) -> str:
    """A digest of what JSON holds; empty where that is nothing."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:DIGITS] if plain else ""


def _time(value: object) -> datetime | None:
    """The time as twinrun writes it, without its zone, which is UTC."""
    try:
        return datetime.strptime(text(value), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def _time_in(name: str) -> datetime | None:
    """The time with which the usual name of a folder begins."""
    try:
        found = datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%SZ")
        return found.replace(tzinfo=timezone.utc).replace(tzinfo=None)
    except ValueError:
        return None
