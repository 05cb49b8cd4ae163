"""What the command line of a verb of the catalogue asks for: the results folder, which runs, and further settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

import pyarrow as pa

from harness.results.catalogue import sql
from harness.results.catalogue.columns import Status
from harness.results.catalogue.index import Catalogue, read_catalogue
from harness.results.catalogue.roots import LocalRoot, Root, root_of
from harness.results.catalogue.tables import Choice, chosen
from harness.results.kinds import KINDS
from harness.scenarios.catalogue.mistakes import no_such, refuse
from harness.system.files import FileError, given_path
from harness.system.output import say_on_stderr
from harness.system.progress import said_if_slow

ROOT = Path("results")
SLOW_S = 2.0  # seconds after which it is said what is read
STATES = ("complete", "running", "unfinished", "damaged", "unmarked")
# The first words of the sentences of runs, benches and gates, in lower case.
VERDICTS = (*get_args(Status), "unfinished", "timed", "passed", "lower", "slower", "undecided")
ALLOWED = {"status": STATES, "verdict": VERDICTS, "kind": KINDS}
NAMES = ("experiment", "arm", "version", *ALLOWED)
KEYS = ("root", *NAMES, "since", "until", "where")
UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Asked:
    """`words`: what was typed without a key. `further`: the settings of the verb, by key, as they were typed."""

    root: Root
    choice: Choice = field(default_factory=Choice)
    where: str = ""
    words: tuple[str, ...] = ()
    further: Mapping[str, str] = field(default_factory=dict)


def asked(
    arguments: Sequence[str], further: Mapping[str, Callable[[str], object]], words: tuple[int, int], what: str = "RUN"
) -> Asked:
    """Reads the arguments `KEY=VALUE` and the others, of which there may be `words` (fewest, most); `what` they are.

    `further`: the keys of the verb itself, each with a function that raises ValueError, with a clause, for a wrong
    value. Raises UserMistake with all mistakes.
    """
    mistakes: list[str] = []
    values: dict[str, str] = {}
    others: list[str] = []
    for text in arguments:
        key, is_setting, value = text.partition("=")
        if not is_setting or not re.fullmatch(r"[A-Za-z_]+", key) or _exists(text):
            others.append(text)
        elif key not in (*KEYS, *further):
            mistakes.append(no_such(f"there is no setting {key!r}", key, (*KEYS, *further)))
        elif key in values:
            mistakes.append(f"{key} is given twice: {values[key]} and {value}")
        else:
            values[key] = value
    fewest, most = words
    if not fewest <= len(others) <= most:
        count = f"{fewest}" if fewest == most else f"{fewest} to {most}" if most < MANY else f"at least {fewest}"
        mistakes.append(f"give {count} {what}; given: {', '.join(others) or 'none'}")
    choice = _choice(values, mistakes)
    for key, check in further.items():
        try:
            check(values[key]) if key in values else None
        except ValueError as error:
            mistakes.append(f"{key}={values[key]}: {error}")
    root = _root(values.get("root"), mistakes)
    if mistakes or root is None:
        refuse(mistakes)
    own = {key: value for key, value in values.items() if key in further}
    return Asked(root, choice, values.get("where", ""), tuple(others), own)


MANY = 1 << 30


def all_of(request: Asked, rebuild: bool = False) -> Catalogue:
    """The whole catalogue that is asked for. Raises UserMistake where an address cannot be read."""
    with said_if_slow(f"reading the runs of {request.root.shown}", SLOW_S, say_on_stderr):
        return _read(request.root, rebuild)


def _read(root: Root, rebuild: bool) -> Catalogue:
    if isinstance(root, LocalRoot):
        return read_catalogue(root, rebuild)
    try:
        return read_catalogue(root, rebuild)
    except Exception as error:  # of any library behind fsspec
        refuse([f"root={root.shown} cannot be read ({type(error).__name__}: {error})"])


def selection(request: Asked, catalogue: Catalogue) -> pa.Table:
    """The rows of the catalogue that are asked for. Raises UserMistake where the condition is wrong."""
    table = chosen(catalogue.table, request.choice)
    try:
        return sql.where(table, request.where) if request.where else table
    except sql.QueryError as error:
        refuse([f"where={request.where}: {error}"])


def unmatched(request: Asked, catalogue: Catalogue) -> list[str]:
    """Names that no run of the catalogue has, each in a clause with the nearest that some run has."""
    present = {
        "experiment": set(catalogue.table["experiment"].to_pylist()),
        "arm": {arm["arm"] for arms in catalogue.table["arms"].to_pylist() for arm in arms},
    }
    return [
        no_such(f"no run has the {key} {name!r}", name, filter(None, names))
        for key, names in present.items()
        for name in getattr(request.choice, key)
        if name not in names
    ]


def _choice(values: Mapping[str, str], mistakes: list[str]) -> Choice:
    names = {key: tuple(filter(None, values[key].split(","))) for key in NAMES if key in values}
    for key, allowed in ALLOWED.items():
        wrong = [name for name in names.get(key, ()) if name not in allowed]
        mistakes += [no_such(f"{key}: given {name!r}", name, allowed) for name in wrong]
    mistakes += [f"{key}: no name is given" for key, given in names.items() if not given]
    times: dict[str, datetime | None] = {}
    for key in ("since", "until"):
        try:
            times[key] = moment(values[key], is_end=key == "until") if key in values else None
        except ValueError as error:
            mistakes.append(f"{key}={values[key]}: {error}")
    return Choice(**names, **times) if not mistakes else Choice()  # type: ignore[arg-type]


def moment(text: str, is_end: bool = False) -> datetime:
    """A time in UTC: `2026-11-30`, `2026-11-30T05:36`, or so long ago: `30d`, `12h`, `2w`. Of a day its end, or begin.

    Raises ValueError, with a clause, for anything else.
    """
    if re.fullmatch(r"\d+[hdw]", text):
        return datetime.now(timezone.utc).replace(tzinfo=None) - age(text)
    try:
        time = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise ValueError("allowed: a date 2026-11-30, a time 2026-11-30T05:36 in UTC, or an age 12h, 30d, 2w") from None
    if time.tzinfo is not None:
        return time.astimezone(timezone.utc).replace(tzinfo=None)
    return time + timedelta(days=1) - timedelta(seconds=1) if is_end and len(text) <= len("2026-11-30") else time


def age(text: str) -> timedelta:
    """A length of time such as `12h`, `30d` or `2w`. Raises ValueError, with a clause, for anything else."""
    found = re.fullmatch(r"(\d{1,6})([hdw])", text)
    if found is None:
        raise ValueError("allowed: a number of hours, days or weeks, such as 12h, 30d, 2w")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def whole_number(text: str) -> int:
    """A whole number, 0 or above. Raises ValueError, with a clause, for anything else."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError("allowed: a whole number, 0 or above")
    return int(text)


def _root(text: str | None, mistakes: list[str]) -> Root | None:
    if text is not None and "://" in text:
        try:
            return root_of(text)
        except Exception as error:  # of any library behind fsspec
            mistakes.append(f"root={text} cannot be opened ({type(error).__name__}: {error})")
            return None
    named = "root=" + text if text is not None else str(ROOT)
    try:
        path = given_path(text) if text is not None else ROOT
    except FileError as error:
        mistakes.append(f"{named}: {error}")
        return None
    if not path.is_dir():
        what = "is a file" if path.exists() else "there is no such folder"
        mistakes.append(f"{named}: {what}; give the results folder as root=DIR")
        return None
    return LocalRoot(path)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def folder_to_write(text: str) -> Path:
    """A folder that files can be written into. Raises ValueError, with a clause, where they cannot."""
    from harness.composition.preflight import unusable

    path = given_path(text)
    if reasons := unusable("out", path):
        raise ValueError(reasons[0].partition(": ")[2])
    return path
