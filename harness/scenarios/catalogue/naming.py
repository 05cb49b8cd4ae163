"""Finds the run that a user names: by its folder, its place in the catalogue, or the beginning of its name."""

from __future__ import annotations

from pathlib import Path

from harness.results.catalogue.roots import LocalRoot, stamp_of
from harness.scenarios.catalogue.asking import Asked, all_of
from harness.scenarios.catalogue.mistakes import nearest, refuse
from harness.system.files import FileError, given_path

MOST_SHOWN = 10


def folder_of(request: Asked, text: str) -> Path:
    """The folder of a run on this machine. Raises UserMistake where nothing, or more than one run, has that name."""
    try:
        path = given_path(text)
        if path.is_dir() and stamp_of(path) is not None:
            return path
    except FileError as error:
        refuse([f"{text}: {error}"])
    if not isinstance(request.root, LocalRoot):
        refuse([f"{text}: there is no such folder; {request.root.shown} is no folder of this machine"])
    places = all_of(request).table["run"].to_pylist()
    return request.root.path / place_of(text.strip("/"), places, request.root.shown)


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
