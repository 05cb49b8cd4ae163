"""Finds the run that a user names: by its folder, its place in the catalogue, or the beginning of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.results.catalogue.roots import LocalRoot, stamp_of
from harness.scenarios.catalogue.asking import Asked, all_of, asked
from harness.scenarios.catalogue.mistakes import nearest, refuse
from harness.system.files import FileError, given_path

MOST_SHOWN = 10


def folder_of(arguments: Sequence[str]) -> Path:
    """The folder of the one run in the arguments, which may also hold root=DIR; as `named_run`."""
    return named_run(arguments, {})[0]


def named_run(
    arguments: Sequence[str], further: Mapping[str, Callable[[str], object]]
) -> tuple[Path, Mapping[str, str]]:
    """The folder of the one run in the arguments, and the settings of the verb, of which `further` has the keys.

    Raises UserMistake where nothing, or more than one run, has that name, or settings are wrong.
    """
    # A folder that exists needs no results folder.
    paths = {text: path for text in arguments if "=" not in text and (path := _existing(text)) is not None}
    if len(paths) == 1 and not any(text.startswith("root=") for text in arguments):
        (text,) = paths
        here = [f"root={paths[text].parent}", *(other for other in arguments if other != text)]
        return paths[text], asked(here, further, (0, 0), "more runs").further
    request = asked(arguments, further, (1, 1))
    return _found(request), request.further


def _found(request: Asked) -> Path:
    (text,) = request.words
    if (path := _existing(text)) is not None:
        return path
    if not isinstance(request.root, LocalRoot):
        refuse([f"{text}: there is no such folder; {request.root.shown} is no folder of this machine"])
    places = all_of(request).table["run"].to_pylist()
    return request.root.path / place_of(text.strip("/"), places, request.root.shown)


def _existing(text: str) -> Path | None:
    """The folder of twinrun that the text names as a path; None where it names none."""
    try:
        path = given_path(text)
    except FileError as error:
        refuse([f"{text}: {error}"])
    return path if path.is_dir() and stamp_of(path) is not None else None


def place_of(text: str, places: list[str], where: str) -> str:
    """The place in the catalogue that is meant. Raises UserMistake as `folder_of` does."""
    if text in places:
        return text
    found = [
        place for place in places if text and (place.startswith(text) or place.rpartition("/")[2].startswith(text))
    ]
    # The runs of a study begin with its name.
    tops = [place for place in found if not any(place.startswith(f"{other}/") for other in found)]
    if len(tops) == 1:
        return tops[0]
    if tops:
        more = f", and {len(tops) - MOST_SHOWN:,} more" * (len(tops) > MOST_SHOWN)
        refuse([f"{text}: {len(tops)} runs begin so: {', '.join(tops[:MOST_SHOWN])}{more}; give more of it"])
    by_name = {place.rpartition("/")[2]: place for place in places} | {place: place for place in places}
    near = nearest(text, by_name)
    advice = f"did you mean {by_name[near]}?" if near else "see twinrun list"
    refuse([f"{text}: {where} has no such run; {advice}"])
