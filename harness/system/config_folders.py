"""Where config groups lie that were installed: those that ship, and in the folder `conf` of each adapter its own.

Adapters are looked for and not imported, for that takes a second, and the help and the completion list their arms too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from harness import ADAPTERS
from harness.system.files import conf_dir

CONF = "conf"


def installed_folders() -> tuple[Path, ...]:
    """The groups that ship, then those of the adapters that ship, then those of other adapters, by name."""
    shipped = sorted((Path(__file__).parents[2] / "adapters").glob(f"*/{CONF}"))
    others = (folder for point in _other_adapters() if (folder := _beside(point)) is not None)
    return tuple(dict.fromkeys([conf_dir(), *shipped, *others]))


def options_in(folder: Path, group: str = "*") -> Iterator[Path]:
    """The files of groups in a folder; what is hidden belongs to other programs."""
    return (file for file in folder.glob(f"{group}/*.yaml") if "." not in (file.name[0], file.parent.name[0]))


def _beside(point: EntryPoint) -> Path | None:
    """The folder `conf` of the package that an entry point's module is, or lies in; None where there is none."""
    try:
        package, *inner = point.module.split(".")
        spec = find_spec(package)  # of a name without dots nothing is imported
    except (ImportError, ValueError, AttributeError):
        return None  # the adapter cannot be loaded either, which is then told
    for root in (spec.submodule_search_locations or ()) if spec else ():
        module = Path(root, *inner)
        folder = (module if module.is_dir() else module.parent) / CONF
        if folder.is_dir():
            return folder.resolve()
    return None


@cache
def _other_adapters() -> tuple[EntryPoint, ...]:
    """Those that do not ship. Looked for once: it reads what every installed package says of itself."""
    points = sorted(entry_points(group=ADAPTERS), key=lambda point: point.name)
    return tuple(point for point in points if not point.value.startswith("adapters."))
