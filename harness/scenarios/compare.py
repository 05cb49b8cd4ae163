"""Compares two recorded folders that the command line names, and writes and shows the comparison."""

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


class Presenter(Protocol):
    """Shows a recorded comparison and writes its pages, from its folder. `harness.report.presented` has one."""

    def show_comparison(self, folder: Path) -> None: ...

    def write_comparison_report(self, folder: Path) -> None: ...


def start(arguments: Sequence[str], pairs: Sequence[str], presenter: Presenter) -> int:
    """Compares the two folders in `arguments`, which may also hold out=DIR. Returns the exit code.

    `pairs`: the arms to compare, each as `A:B`; all arms that match where it is empty. Raises UserMistake where
    arguments are wrong.
    """
    mistakes = list[str]()
    folder_texts = [text for text in arguments if not text.startswith(OUT)]
    if len(folder_texts) != 2:
        shown = ", ".join(folder_texts) or "none"
        mistakes.append(f"give the folders of two runs; given: {shown}. For example: twinrun compare RUN_A RUN_B")
    folders = [folder for text in folder_texts if (folder := _folder_of(text, text, mistakes)) is not None]
    mistakes += [problem for folder in folders if (problem := _folder_mistake(folder))]
    outs = [text.removeprefix(OUT) for text in arguments if text.startswith(OUT)]
    out = _folder_of(f"{OUT}{outs[0]}", outs[0], mistakes) if outs else None
    if len(outs) > 1:
        mistakes.append(f"out is given {len(outs)} times: {', '.join(outs)}")
    elif out is not None or not outs:
        mistakes += unusable("results", DEFAULT) if out is None else unusable("out", out, must_be_new=True)
    if mistakes:
        raise UserMistake(list(dict.fromkeys(mistakes)))
    # Values that are not finite are judged like others, so NumPy must not warn about them.
    with np.errstate(all="ignore"):
        comparisons = _compare_folders(folders[0], folders[1], pairs)
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    folder = claimed("compare", out, DEFAULT / now)
    with heeding_signals():
        write_records(comparisons, folder)
        write_facts(comparisons, folder)
        with shielded():
            complete(folder, Marker.of("comparison", exit_code(comparisons), in_one_line(comparisons)))
            presenter.write_comparison_report(folder)
        presenter.show_comparison(folder)
    return exit_code(comparisons)


def _compare_folders(a: Path, b: Path, pairs: Sequence[str]) -> list[Comparison]:
    """One comparison of two runs or two pairs, or one for each variant that two studies share."""
    if is_pair(a) and is_pair(b):
        return [compare_pairs(Folders(a, b, pairs=pairs))]
    if is_pair(a) or is_pair(b):
        pair, other = (a, b) if is_pair(a) else (b, a)
        raise UserMistake([f"{pair} is a check of a pair, and {other} is none; give two checks of one pair"])
    if is_run(a) and is_run(b):
        return [compare(Folders(a, b, pairs=pairs))]
    if is_run(a) or is_run(b):
        run, study = (a, b) if is_run(a) else (b, a)
        variants = ", ".join(str(study / name) for name in list(runs_below(study))[:MOST_SHOWN])
        raise UserMistake([f"{study} is a study, and {run} is one run; give one of its runs: {variants}"])
    before, after = runs_below(a), runs_below(b)
    comparisons, mistakes = [], list[str]()
    for name in (name for name in before if name in after):
        try:
            comparisons.append(compare(Folders(before[name], after[name], name, pairs)))
        except UserMistake as mistake:
            comparisons.append(left_out(Folders(before[name], after[name], name), mistake))
            mistakes += mistake.mistakes
    if not any(comparison.compared for comparison in comparisons):
        no_variant = f"the studies share no variant: A has {', '.join(before)}; B has {', '.join(after)}"
        raise UserMistake(mistakes or [no_variant])
    for side, names, others in (("A", before, after), ("B", after, before)):
        unmatched = [name for name in names if name not in others]
        if unmatched:
            comparisons[0].notes.append(f"variants of {side} without a counterpart: {', '.join(unmatched)}")
    return [*over_seeds(comparisons), *_damage_of_studies(a, b, comparisons[0])]


def _damage_of_studies(a: Path, b: Path, first: Comparison) -> list[Comparison]:
    """A comparison that holds the damage to the studies' own files; none where no file is damaged."""
    verdicts = [
        verdict
        for side, folder in (("A", a), ("B", b))
        for verdict in damage_verdicts(side, state_problems(folder, state_of(folder), "study"))
    ]
    return [replace(first, compared=[], general=verdicts, notes=[], variant="the study")] if verdicts else []


def _folder_of(shown: str, text: str, mistakes: list[str]) -> Path | None:
    """The path that `text` names; None, and a mistake about `shown`, where it names none."""
    try:
        return given_path(text)
    except FileError as error:
        mistakes.append(f"{shown}: {error}")
        return None


def _folder_mistake(folder: Path) -> str:
    """Why nothing in this folder can be compared; empty where it is a run, a study or a pair."""
    if folder.is_file():
        return f"{folder}: is a file; give the folder of a run"
    if not folder.is_dir():
        return f"{folder}: there is no such folder{_suggestion(folder)}"
    if is_pair(folder) or is_run(folder) or runs_below(folder):
        return ""
    return f"{folder}: is no run: it has no experiment.json, no plan.json and no arms, and neither has a folder below"


def _suggestion(folder: Path) -> str:
    """A suggestion for a path that does not exist: the nearest name in the last folder that does."""
    parts = [folder, *folder.parents]
    missing = next((part for part in reversed(parts) if not part.exists()), None)
    if missing is None:
        return f"; {folder} is no folder"
    names = sorted(path.name for path in missing.parent.iterdir() if path.is_dir()) if missing.parent.is_dir() else []
    near = nearest(missing.name, names)
    if near is None:
        some = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
        return f"; {missing.parent} has {some}" if names else f"; {missing.parent} has no folder"
    return f"; did you mean {missing.parent / near / folder.relative_to(missing)}?"
