"""Every text in whose place a fault is planted stands once in its file, so that the nights find it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def faults() -> Iterator[Any]:
    """All faults of all lists, each once."""
    seen: dict[tuple[str, str, str], Any] = {}
    for path in sorted(HERE.glob("*faults.py")):
        for listed in vars(import_module(path.stem)).values():
            for each in listed if isinstance(listed, tuple | list) else ():
                if hasattr(each, "old") and hasattr(each, "module"):
                    seen.setdefault((each.module, each.old, each.name), each)
    yield from seen.values()


@pytest.mark.parametrize("fault", list(faults()), ids=lambda fault: fault.name)
def test_the_text_stands_once(fault: Any) -> None:
    place = ROOT / fault.module.replace(".", "/")
    file = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
    assert file.read_text(encoding="utf-8").count(fault.old) == 1


def test_there_are_faults_of_every_list() -> None:
    assert len(list(faults())) > 300
