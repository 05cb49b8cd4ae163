"""What a test asks of twinrun, in keywords, as the command line that asks the same."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.cli.verb import Verb
from harness.composition import UserMistake
from harness.composition.mistakes import no_such, shown
from harness.composition.overrides import as_typed
from harness.records.exit_codes import INTERRUPTED
from harness.scenarios.ending import exit_code_of

OUT = "out="


@dataclass(frozen=True)
class Question:
    """`overrides`: as they are typed for the command, without `out=`. `out`: None where the test states no folder."""

    overrides: tuple[str, ...]
    config_dirs: tuple[Path, ...] = ()
    trust: bool = False
    out: Path | None = None


def question_of(keywords: Mapping[str, Any], allowed: Sequence[str], beside: Path) -> Question:
    """The question that the keywords ask; one that is None is not given.

    Args:
        keywords: of a marker or a fixture.
        allowed: the keywords that it takes.
        beside: the folder of the test's file, to which paths are relative.

    Raises UserMistake with all mistakes.
    """
    mistakes = [no_such(f"there is no keyword {key!r}", key, allowed) for key in keywords if key not in allowed]
    given = {key: value for key, value in keywords.items() if value is not None and key in allowed}
    mistakes += _mistyped(given)
    if mistakes:
        raise UserMistake(mistakes)
    folders = given.get("config_dir", ())
    folders = [folders] if isinstance(folders, str | Path) else folders
    stated = [f"pair={beside / Path(given['pair']).expanduser()}"] if "pair" in given else []
    stated += [f"{key}={as_typed(given[key])}" for key in ("experiment", "arms", "rungs") if key in given]
    return Question(
        (*stated, *given.get("overrides", ())),
        tuple(beside / Path(folder).expanduser() for folder in folders),
        given.get("trust", False),
        beside / Path(given["out"]).expanduser() if "out" in given else None,
    )


def _mistyped(given: Mapping[str, Any]) -> Iterator[str]:
    """The values that no keyword of their name can have."""
    for key, value in given.items():
        if key not in TYPES:
            continue
        form, in_words = TYPES[key]
        is_list = isinstance(value, list | tuple)
        if not isinstance(value, form) or (
            key in TEXTS and is_list and not all(isinstance(i, TEXTS[key]) for i in value)
        ):
            yield f"{key}: given {shown(value)}; allowed: {in_words}"
    overrides = given.get("overrides", ())
    if isinstance(overrides, list | tuple) and any(str(text).startswith(OUT) for text in overrides):
        yield "overrides: the folder is given by the keyword out"


TYPES: Mapping[str, tuple[Any, str]] = {
    "experiment": (str, "the name of an experiment"),
    "pair": (str | Path, "the path of a pair's file"),
    "arms": (list | tuple, "a list of names, or of mappings with use: NAME"),
    "rungs": (list | tuple, "a list of names"),
    "overrides": (list | tuple, "a list of texts KEY=VALUE"),
    "config_dir": (str | Path | list | tuple, "a folder, or a list of folders"),
    "out": (str | Path, "the path of a new folder"),
    "trust": (bool, "True, False"),
}
TEXTS: Mapping[str, Any] = {"rungs": str, "overrides": str, "config_dir": str | Path, "arms": str | Mapping}


@contextmanager
def mistakes_fail(what: str) -> Iterator[None]:
    """Context in which a UserMistake fails the test with its text alone. `what`: the marker or the fixture."""
    try:
        yield
    except UserMistake as mistake:
        failure = pytest.fail.Exception(f"{what}: {mistake}", pytrace=False)
        raise failure from None


def run_verb(verb: Verb, question: Question, folder: Path) -> int:
    """Runs a verb of the command in this process, into `folder`, and returns its exit code.

    Raises UserMistake as the verb does, and KeyboardInterrupt where it was interrupted, so that pytest ends too.
    """
    command = argparse.ArgumentParser()
    verb.add_arguments(command)
    options = command.parse_args([])
    options.verb, options.trust = verb.name, question.trust
    options.overrides = [*question.overrides, f"{OUT}{folder}"]
    options.config_dir = list(question.config_dirs)
    try:
        code = verb.run(options)
    except UserMistake:
        raise
    except Exception as error:
        code = exit_code_of(error)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code
