"""A user's mistakes, all of them at once: what was given, what is allowed, and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.composition.fields import REPRESENTABLE, Place, dotted, locate, places_at, words_of
from harness.composition.stated import StatedExperiment
from harness.spec import Spec
from harness.system.text import printable

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# Keys of the root that steer a run and are no part of the experiment.
SETTINGS = ("arm", "out", "results_root", "seeds", "variants", "orderings")
_LONGEST_VALUE = 80
_LONGEST_NAME = 100  # to look for others like it
_LONGEST_TEXT = 2000
_MOST_TOLD = 50  # mistakes
_MOST_ADVISED = 20  # unknown keys for which the nearest is looked for, which takes 1 ms
_MOST_NAMES = 100


class UserMistake(Exception):  # noqa: N818  (not a fault of the program)
    """What the user asked for cannot be done; `mistakes` holds one message for each thing to put right.

    As text it is safe to print: a line for each, with nothing in it that a terminal obeys.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__(tuple(mistakes))
        self.mistakes: tuple[str, ...] = tuple(mistakes)

    def __str__(self) -> str:
        messages = [_cut(printable(mistake), _LONGEST_TEXT) for mistake in self.mistakes[:_MOST_TOLD]]
        if len(self.mistakes) == 1:
            return messages[0]
        more = len(self.mistakes) - len(messages)
        lines = [f"{len(self.mistakes):,} mistakes:", *(f"  - {message}" for message in messages)]
        return "\n".join([*lines, *([f"  and {more:,} more"] if more else [])])


@dataclass(frozen=True)
class Mistake:
    """One mistake, and the dotted path where it was made."""

    path: tuple[str, ...]
    text: str
    of_several_fields: bool = False
    """True where each field is valid and only their combination is not."""
    covers_below: bool = False
    """True where what lies below the path cannot be judged until this is put right."""


def nearest(given: object, allowed: Iterable[str]) -> str | None:
    """The allowed name that a typing error would most likely have made into `given`, whatever its case."""
    if isinstance(given, Mapping | list) or len(text := str(given)) > _LONGEST_NAME:
        return None
    by_lower_case = {name.lower(): name for name in allowed}
    found = get_close_matches(text.lower(), by_lower_case, n=1)
    return by_lower_case[found[0]] if found else None


def no_such(what: str, given: object, allowed: Iterable[str], prefix: str = "") -> str:
    """The message for a name that does not exist. `prefix` is what stands before the name where it is typed."""
    names = sorted(allowed)
    near = nearest(given, names)
    listed = ", ".join(names[:_MOST_NAMES]) + (f", and {len(names) - _MOST_NAMES:,} more" * (len(names) > _MOST_NAMES))
    return f"{what}; did you mean {prefix}{near}? Allowed: {listed}" if near else f"{what}; allowed: {listed}"


def shown(value: object) -> str:
    """A value as it would be typed, cut where it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        return _cut(repr(value), _LONGEST_VALUE)
    except ValueError:  # a whole number of thousands of digits
        return f"a {type(value).__name__} too long to write out"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def explain(
    error: ValidationError,
    tree: Mapping[str, Any],
    whole: type[Spec] = StatedExperiment,
    settings: Sequence[str] = SETTINGS,
) -> list[Mistake]:
    """Every error of a validation of `whole`, in the words of the person who typed the config `tree`.

    `settings` are the keys beside those of `whole` that may stand at the root.
    """
    wording = _Wording(tree, whole, tuple(settings))
    told = [details for details in error.errors() if not _follows_from_another(details)]
    return [wording.explained(details, advise=number < _MOST_ADVISED) for number, details in enumerate(told)]


def _follows_from_another(details: ErrorDetails) -> bool:
    # A list whose items are wrong is also reported as too short, since none of its items is left.
    return details["type"] == "too_short" and bool(details["input"])


@dataclass(frozen=True)
class _Wording:
    """What a message refers to: what was typed, and what may be."""

    tree: Mapping[str, Any]
    whole: type[Spec]
    settings: tuple[str, ...]

    @cached_property
    def places_by_key(self) -> dict[str, list[tuple[str, ...]]]:
        """Where each key stands in what was typed."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for path in _leaves(self.tree):
            found.setdefault(path[-1], []).append(path)
        return found

    def explained(self, details: ErrorDetails, advise: bool = True) -> Mistake:
        loc, kind, given = details["loc"], details["type"], details["input"]
        place = locate(loc, self.whole)
        path = place.path
        if kind == "value_error":
            text = str(details["ctx"]["error"])
            return Mistake(path, f"{dotted(path)}: {text}" if path else text, of_several_fields=True)
        if kind == "extra_forbidden":
            return Mistake(path, self._unknown_key(locate(loc[:-1], self.whole), path, given, advise))
        if kind == "missing":
            chosen = words_of(locate(loc[:-1], self.whole).specs)
            needed = f", but {chosen[0]} needs it" if len(chosen) == 1 else ""
            return Mistake(path, f"{dotted(path)}: not given{needed}; allowed: {place.allowed()}")
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            return _wrong_kind(place, _at(self.tree, path))
        most = details["ctx"]["le"] if kind == "less_than_equal" else None
        beyond = f", at most {most}" if most in REPRESENTABLE else ""
        allowed = place.allowed().replace("a number", "a finite number" if kind == "finite_number" else "a number")
        if kind == "literal_error" and nearest(given, allowed.split(", ")):
            return Mistake(path, no_such(f"{dotted(path)}: given {shown(given)}", given, allowed.split(", ")))
        return Mistake(path, f"{dotted(path)}: given {shown(given)}; allowed: {allowed}{beyond}")

    def _unknown_key(self, parent: Place, path: tuple[str, ...], given: object, advise: bool) -> str:
        allowed = parent.field_names() + (() if parent.path else self.settings)
        above = "".join(f"{key}." for key in parent.path)
        what = f"{dotted(path)}: there is no such key (given {shown(given)})"
        if not advise:
            return what
        if nearest(path[-1], allowed) is None:
            # The right name in the wrong place: `epochs` for `training.epochs`.
            found = [each for each in self.places_by_key.get(path[-1], ()) if places_at(each, self.whole)]
            if len(found) == 1 and found[0] != path:
                return f"{what}; did you mean {dotted(found[0])}? Allowed: {', '.join(sorted(allowed))}"
            if others := self._kinds_with(path):
                what += f", which {', '.join(others)} would have"
        return no_such(what, path[-1], allowed, prefix=above)

    def _kinds_with(self, path: tuple[str, ...]) -> list[str]:
        """The other kinds that may stand at the place above a key, and that have such a key."""
        members = [member for place in places_at(path[:-1], self.whole) for member in place.members()]
        return [word for member in members if path[-1] in member.field_names() for word in words_of(member.specs)]


def _at(tree: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What was typed at `path`; the validation has seen a bare name as the mapping it stands for."""
    node: Any = tree
    for key in path:
        node = node[int(key)] if isinstance(node, Sequence) else node[key]
    return node


def _wrong_kind(place: Place, given: object) -> Mistake:
    words = words_of(place.specs)
    if not isinstance(given, Mapping):
        return Mistake(place.path, no_such(f"{dotted(place.path)}: given {shown(given)}", given, words))
    path = (*place.path, "kind")
    if "kind" not in given:
        return Mistake(path, f"{dotted(path)}: not given; allowed: {', '.join(sorted(words))}")
    return Mistake(path, no_such(f"{dotted(path)}: given {shown(given['kind'])}", given["kind"], words))


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for key, value in tree.items():
        found += _leaves(value, (*above, key)) if isinstance(value, Mapping) else [(*above, str(key))]
    return found
