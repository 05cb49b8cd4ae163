"""Messages for all mistakes of a user at once: the given value, the allowed ones, and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.composition.fields import REPRESENTABLE, Place, dotted, locate, places_at, words_of
from harness.composition.hints import hint_for, reduction_hint
from harness.composition.stated import StatedExperiment
from harness.spec import Spec
from harness.system.text import printable

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# Keys of the root that control a run and are no part of the experiment.
SETTINGS = ("arm", "out", "results_root", "seeds", "variants", "orderings")
_LONGEST_VALUE = 80
_LONGEST_NAME = 100  # for which similar names are searched
_LONGEST_TEXT = 2000
_MOST_REPORTED = 50  # mistakes
_MOST_ADVISED = 20  # unknown keys for which the nearest name is searched, which takes 1 ms
_MOST_NAMES = 100


class UserMistake(Exception):  # noqa: N818  (not a fault of the program)
    """A request that cannot be carried out. `mistakes`: one message for each thing to correct.

    As text it has a line for each and is safe to print, because it contains no control characters.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__(tuple(mistakes))
        self.mistakes: tuple[str, ...] = tuple(mistakes)

    def __str__(self) -> str:
        messages = [_cut(printable(mistake), _LONGEST_TEXT) for mistake in self.mistakes[:_MOST_REPORTED]]
        if len(self.mistakes) == 1:
            return messages[0]
        more = len(self.mistakes) - len(messages)
        lines = [f"{len(self.mistakes):,} mistakes:", *(f"  - {message}" for message in messages)]
        return "\n".join([*lines, *([f"  and {more:,} more"] if more else [])])


@dataclass(frozen=True)
class Mistake:
    """One mistake, and the path at which it was made.

    `of_several_fields`: whether each field is valid and only their combination is not. `covers_below`: whether nothing
    below the path can be checked until this is corrected.
    """

    path: tuple[str, ...]
    text: str
    of_several_fields: bool = False
    covers_below: bool = False


def nearest(value: object, allowed: Iterable[str]) -> str | None:
    """The allowed name that is most similar to `value`, whatever its case; None if none is similar."""
    if isinstance(value, Mapping | list) or len(text := str(value)) > _LONGEST_NAME:
        return None
    by_lower_case = {name.lower(): name for name in allowed}
    matches = get_close_matches(text.lower(), by_lower_case, n=1)
    return by_lower_case[matches[0]] if matches else None


def no_such(complaint: str, value: object, allowed: Iterable[str], prefix: str = "") -> str:
    """The message for a name that does not exist: the complaint, the nearest name and the allowed ones.

    `prefix`: the text before the name when it is typed, such as `schedule=`.
    """
    names = sorted(allowed)
    near = nearest(value, names)
    listed = ", ".join(names[:_MOST_NAMES]) + (f", and {len(names) - _MOST_NAMES:,} more" * (len(names) > _MOST_NAMES))
    if not near:
        return f"{complaint}; allowed: {listed}"
    return f"{complaint}; did you mean {prefix}{near}? Allowed: {listed}"


def shown(value: object) -> str:
    """The value as it would be typed, shortened if it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        return _cut(repr(value), _LONGEST_VALUE)
    except ValueError:  # a whole number of thousands of digits
        return f"a {type(value).__name__} too long to write out"


def _typed(value: object) -> str:
    """The value as it is typed on the command line."""
    return value if isinstance(value, str) else shown(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def explain(
    error: ValidationError,
    tree: Mapping[str, Any],
    whole: type[Spec] = StatedExperiment,
    settings: Sequence[str] = SETTINGS,
) -> list[Mistake]:
    """The mistakes behind the errors of a validation of `whole`, in terms of the config `tree` as it was typed.

    `settings`: the keys that may stand at the root beside those of `whole`.
    """
    explainer = _Explainer(tree, whole, tuple(settings))
    reported = [details for details in error.errors() if not _follows_from_another(details)]
    return [explainer.mistake(details, advise=number < _MOST_ADVISED) for number, details in enumerate(reported)]


def _follows_from_another(details: ErrorDetails) -> bool:
    # A list with wrong items only is also reported as too short, since no item is left.
    return details["type"] == "too_short" and bool(details["input"])


@dataclass(frozen=True)
class _Explainer:
    """Explains validation errors by the config as it was typed and by what the spec `whole` allows."""

    tree: Mapping[str, Any]
    whole: type[Spec]
    settings: tuple[str, ...]

    @cached_property
    def places_by_key(self) -> dict[str, list[tuple[str, ...]]]:
        """By the last key, the paths of the values that were typed."""
        places: dict[str, list[tuple[str, ...]]] = {}
        for path in _leaves(self.tree):
            places.setdefault(path[-1], []).append(path)
        return places

    def mistake(self, details: ErrorDetails, advise: bool = True) -> Mistake:
        """The mistake behind one error. `advise`: whether the nearest name is searched for an unknown key."""
        loc, kind, value = details["loc"], details["type"], details["input"]
        place = locate(loc, self.whole)
        path = place.path
        if kind == "value_error":
            text = str(details["ctx"]["error"])
            return Mistake(path, f"{dotted(path)}: {text}" if path else text, of_several_fields=True)
        if kind == "extra_forbidden":
            return Mistake(path, self._unknown_key(locate(loc[:-1], self.whole), path, value, advise))
        if kind == "missing":
            chosen = words_of(locate(loc[:-1], self.whole).specs)
            needed = f", but {chosen[0]} needs it" if len(chosen) == 1 else ""
            return Mistake(path, f"{dotted(path)}: not given{needed}; allowed: {place.allowed()}")
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            return _wrong_kind(place, _at(self.tree, path))
        most = details["ctx"]["le"] if kind == "less_than_equal" else None
        beyond = f", at most {most}" if most in REPRESENTABLE else ""
        allowed = place.allowed().replace("a number", "a finite number" if kind == "finite_number" else "a number")
        if kind == "literal_error" and (hint := reduction_hint(path, value, self.tree)):
            return Mistake(path, f"{dotted(path)}: given {shown(value)}; allowed: {allowed}; {hint}")
        if kind == "literal_error" and nearest(value, allowed.split(", ")):
            return Mistake(path, no_such(f"{dotted(path)}: given {shown(value)}", value, allowed.split(", ")))
        return Mistake(path, f"{dotted(path)}: given {shown(value)}; allowed: {allowed}{beyond}")

    def _unknown_key(self, parent: Place, path: tuple[str, ...], value: object, advise: bool) -> str:
        allowed = parent.field_names() + (() if parent.path else self.settings)
        above = "".join(f"{key}." for key in parent.path)
        complaint = f"{dotted(path)}: there is no such key (given {shown(value)})"
        if hint := hint_for(path, _typed(value), self.tree):
            return f"{complaint}; {hint}"
        if not advise:
            return complaint
        if nearest(path[-1], allowed) is None:
            # The name may be right and its place wrong: `epochs` for `training.epochs`.
            valid = [place for place in self.places_by_key.get(path[-1], ()) if places_at(place, self.whole)]
            if len(valid) == 1 and valid[0] != path:
                return f"{complaint}; did you mean {dotted(valid[0])}? Allowed: {', '.join(sorted(allowed))}"
            if others := self._kinds_with(path):
                complaint += f", which {', '.join(others)} would have"
        return no_such(complaint, path[-1], allowed, prefix=above)

    def _kinds_with(self, path: tuple[str, ...]) -> list[str]:
        """The kinds that may stand at the place above the key and have such a key."""
        members = [member for place in places_at(path[:-1], self.whole) for member in place.members()]
        return [word for member in members if path[-1] in member.field_names() for word in words_of(member.specs)]


def _at(tree: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The value that was typed at `path`: a bare name where the validation reports the mapping it stands for."""
    node: Any = tree
    for key in path:
        node = node[int(key)] if isinstance(node, Sequence) else node[key]
    return node


def _wrong_kind(place: Place, value: object) -> Mistake:
    """The mistake of a family's value that names no member: it is no mapping, or its kind is missing or unknown."""
    words = words_of(place.specs)
    if not isinstance(value, Mapping):
        return Mistake(place.path, no_such(f"{dotted(place.path)}: given {shown(value)}", value, words))
    path = (*place.path, "kind")
    if "kind" not in value:
        return Mistake(path, f"{dotted(path)}: not given; allowed: {', '.join(sorted(words))}")
    return Mistake(path, no_such(f"{dotted(path)}: given {shown(value['kind'])}", value["kind"], words))


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all values that are no mappings."""
    paths: list[tuple[str, ...]] = []
    for key, value in tree.items():
        paths += _leaves(value, (*above, key)) if isinstance(value, Mapping) else [(*above, str(key))]
    return paths
