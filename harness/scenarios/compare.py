"""From the command line to an exit code: the two folders, what they hold, and where the report goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.mistakes import UserMistake, nearest
from harness.composition.preflight import claimed, unusable
from harness.results.marker import Marker, complete, state_of
from harness.results.reading import is_run, runs_below, state_problems
from harness.subjects.pair.records import is_pair
from harness.subjects.recorded.comparison import Comparison, Folders, compare, damage_verdicts, left_out
from harness.subjects.recorded.facts import write_facts
from harness.subjects.recorded.outcome import exit_code, in_one_line, write_records
from harness.subjects.recorded.seeds import over_seeds
from harness.subjects.recorded.user_pairs import compare_pairs
from harness.system.files import FileError, given_path
from harness.system.stopping import heeding_signals, shielded

OUT = "out="
DEFAULT = Path("results") / "compare"
MOST_SHOWN = 10
Runs = Mapping[str, Path]


class Presented(Protocol):
    """How a recorded comparison is shown and written for people; `harness.report.comparison` is one."""

    def show(self, folder: Path) -> None: ...

    def write_page(self, folder: Path) -> None: ...


def start(given: Sequence[str], pairs: Sequence[str], presented: Presented) -> int:
    """`given`: two folders, and out=DIR where it is wanted. The exit code; UserMistake where there is a mistake."""
    wrong = list[str]()
    texts = [text for text in given if not text.startswith(OUT)]
    if len(texts) != 2:
        shown = ", ".join(texts) or "none"
        wrong.append(f"give the folders of two runs; given: {shown}. For example: twinrun compare RUN_A RUN_B")
    folders = [folder for text in texts if (folder := _path(text, text, wrong)) is not None]
    wrong += [problem for folder in folders if (problem := _wrong_run(folder))]
    outs = [text.removeprefix(OUT) for text in given if text.startswith(OUT)]
    out = _path(f"{OUT}{outs[0]}", outs[0], wrong) if outs else None
    if len(outs) > 1:
        wrong.append(f"out is given {len(outs)} times: {', '.join(outs)}")
    elif out is not None or not outs:
        wrong += unusable("results", DEFAULT) if out is None else unusable("out", out, must_be_new=True)
    if wrong:
        raise UserMistake(list(dict.fromkeys(wrong)))
    # What is not finite is judged, and no news to the user.
    with np.errstate(all="ignore"):
        found = _compared(folders[0], folders[1], pairs)
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    folder = claimed("compare", out, DEFAULT / now)
    with heeding_signals():
        write_records(found, folder)
        write_facts(found, folder)
        with shielded():
            complete(folder, Marker.of("comparison", exit_code(found), in_one_line(found)))
            presented.write_page(folder)
        presented.show(folder)
    return exit_code(found)


def _compared(a: Path, b: Path, pairs: Sequence[str]) -> list[Comparison]:
    """One comparison, or one for each variant of two studies."""
    if is_pair(a) and is_pair(b):
        return [compare_pairs(Folders(a, b, pairs=pairs))]
    if is_pair(a) or is_pair(b):
        pair, no_pair = (a, b) if is_pair(a) else (b, a)
        raise UserMistake([f"{pair} is a check of a pair, and {no_pair} is none; give two checks of one pair"])
    if is_run(a) and is_run(b):
        return [compare(Folders(a, b, pairs=pairs))]
    if is_run(a) or is_run(b):
        run, study = (a, b) if is_run(a) else (b, a)
        variants = ", ".join(str(study / name) for name in list(runs_below(study))[:MOST_SHOWN])
        raise UserMistake([f"{study} is a study, and {run} is one run; give one of its runs: {variants}"])
    before, after = runs_below(a), runs_below(b)
    found, mistakes = [], list[str]()
    for name in (name for name in before if name in after):
        try:
            found.append(compare(Folders(before[name], after[name], name, pairs)))
        except UserMistake as mistake:
            found.append(left_out(Folders(before[name], after[name], name), mistake))
            mistakes += mistake.mistakes
    if not any(each.compared for each in found):
        none = f"the studies share no variant: A has {', '.join(before)}; B has {', '.join(after)}"
        raise UserMistake(mistakes or [none])
    for side, own, other in (("A", before, after), ("B", after, before)):
        alone = [name for name in own if name not in other]
        if alone:
            found[0].notes.append(f"variants of {side} without a counterpart: {', '.join(alone)}")
    return [*over_seeds(found), *_of_studies(a, b, found[0])]


def _of_studies(a: Path, b: Path, first: Comparison) -> list[Comparison]:
    """What is damaged of the folders of two studies, beside that of their runs; nothing where nothing is."""
    verdicts = [
        verdict
        for side, folder in (("A", a), ("B", b))
        for verdict in damage_verdicts(side, state_problems(folder, state_of(folder), "study"))
    ]
    return [replace(first, compared=[], general=verdicts, notes=[], variant="the study")] if verdicts else []


def _path(shown: str, text: str, wrong: list[str]) -> Path | None:
    try:
        return given_path(text)
    except FileError as error:
        wrong.append(f"{shown}: {error}")
        return None


def _wrong_run(folder: Path) -> str:
    """Why this is the folder of no run and of no study; empty where it is one."""
    if folder.is_file():
        return f"{folder}: is a file; give the folder of a run"
    if not folder.is_dir():
        return f"{folder}: there is no such folder{_near(folder)}"
    if is_pair(folder) or is_run(folder) or runs_below(folder):
        return ""
    return f"{folder}: is no run: it has no experiment.json, no plan.json and no arms, and neither has a folder below"


def _near(folder: Path) -> str:
    """The nearest name there is, where the path first goes wrong."""
    parts = [folder, *folder.parents]
    missing = next((part for part in reversed(parts) if not part.exists()), None)
    if missing is None:
        return f"; {folder} is no folder"
    names = sorted(path.name for path in missing.parent.iterdir() if path.is_dir()) if missing.parent.is_dir() else []
    near = nearest(missing.name, names)
    if near is None:
        listed = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
        return f"; {missing.parent} has {listed}" if names else f"; {missing.parent} has no folder"
    return f"; did you mean {missing.parent / near / folder.relative_to(missing)}?"
