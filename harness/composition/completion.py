"""Shell completion of overrides, from folder names and the spec classes; Hydra is never imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.composition.expansion import EVERY_FILE
from harness.composition.fields import Place, literals, places_at
from harness.composition.groups import ConfigGroups
from harness.composition.mistakes import SETTINGS, UserMistake
from harness.composition.overrides import LISTS_OF_FILES
from harness.spec import Experiment


def completions(prefix: str, config_dirs: Sequence[Path] = ()) -> list[str]:
    """The overrides that may continue `prefix`: `schedule=`, `schedule=cosine`, `training.epochs=`.

    After `arms=[` and `suite=[`, and after each comma there, the names of files. Empty for numbers and free text.
    """
    try:
        groups = ConfigGroups.beside(config_dirs)
    except UserMistake:
        groups = ConfigGroups.beside(())
    signs = prefix[: len(prefix) - len(prefix.lstrip("+~"))]
    key, equals, value = prefix[len(signs) :].partition("=")
    if not equals:
        keys = {
            *(f"{name}=" for name in (*groups.groups(), *SETTINGS, *Experiment.model_fields, "from")),
            *_dotted_keys(),
        }
        return sorted(signs + candidate for candidate in keys - {"arm="} if candidate.startswith(key))
    if key in LISTS_OF_FILES and value.startswith("["):
        entries, _, last_entry = value.rpartition("," if "," in value else "[")
        before = f"{signs}{key}={entries}{',' if ',' in value else '['}"
        return [before + name for name in groups.options(LISTS_OF_FILES[key]) if name.startswith(last_entry)]
    words = set(groups.options(key)) - {EVERY_FILE} if key in groups.groups() and key != "arm" else set(_words(key))
    return sorted(f"{signs}{key}={word}" for word in words if word.startswith(value))


def _dotted_keys() -> list[str]:
    """The keys below the root, each with its `=`."""
    places = [Place().below(name) for name in Experiment.model_fields if name not in LISTS_OF_FILES]
    below = [".".join(leaf.path) for place in places for leaf in _leaves(place)]
    return [f"{key}=" for key in below] + [f"arm.{name}=" for name in Place().below("arms").field_names()]


def _leaves(place: Place) -> list[Place]:
    """The fields below a place, for every kind that may be chosen there, without the items of lists."""
    children = [member.below(name) for member in place.members() for name in member.field_names()]
    return [
        leaf for child in children for leaf in ([child] if child.is_collection or not child.specs else _leaves(child))
    ]


def _words(key: str) -> tuple[str, ...]:
    """The values that may be typed at a key, if it takes an enumeration or a switch; empty otherwise."""
    path = tuple(key.split("."))
    places = places_at(("arms", "0", *path[1:]) if path[0] == "arm" else path)
    return tuple(word for place in places for word in literals(place.annotation))
