"""Option files that are read without Hydra: each has the content that Hydra composes, and any other is left to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from composing import write

from harness.composition.groups import ConfigGroups
from harness.composition.plain_files import plain_content

GROUPS = ConfigGroups.beside([])


@pytest.mark.parametrize("group", [group for group in GROUPS.groups() if group not in ("experiment", "suite", "scale")])
def test_every_file_that_ships_is_what_hydra_composes(group: str) -> None:
    numbered = {f"n{number}": name for number, name in enumerate(GROUPS.options(group))}
    composed = GROUPS._composed(None, [(f"+{group}@files.{key}", name) for key, name in numbered.items()])["files"]
    for key, name in numbered.items():
        assert plain_content(GROUPS.folders, group, name) == composed[key], name
        assert list(plain_content(GROUPS.folders, group, name) or ()) == list(composed[key])


@pytest.mark.parametrize(
    "content",
    [
        "# @package _global_\nname: x\n",
        "defaults: [other]\nname: x\n",
        "[1, 2]\n",
        "",
        "name: [1\n",
        "a: &a [x, x]\n" + "b: *a\nc: ${nowhere\n",
        "x: " + "[" * 100 + "]" * 100,
    ],
)
def test_what_hydra_must_compose_or_refuse_is_left_to_it(tmp_path: Path, content: str) -> None:
    write(tmp_path / "own", {"arm/mine.yaml": content})
    assert plain_content((tmp_path / "own",), "arm", "mine") is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert plain_content((tmp_path,), "arm", "mine") is None


def test_the_first_folder_counts_and_interpolations_stay(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(tmp_path / name, {"arm/mine.yaml": f"name: {name}\nmode: ${{seed}}\n"})
    found = plain_content((tmp_path / "first", tmp_path / "second"), "arm", "mine")
    assert found == {"name": "first", "mode": "${seed}"}


def test_a_copy_can_be_changed(tmp_path: Path) -> None:
    write(tmp_path, {"arm/mine.yaml": "environment: {A: 1}\n"})
    for _ in range(2):
        found = plain_content((tmp_path,), "arm", "mine")
        assert found == {"environment": {"A": 1}}
        found["environment"]["A"] = 2
