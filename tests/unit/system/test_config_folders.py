"""Arm files that come with an adapter: found without importing it, and chosen as those that ship are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from composing import mistake, write

from harness import ADAPTERS
from harness.composition import completions, compose
from harness.composition.trust import code_installed
from harness.spec import Arm
from harness.system import config_folders
from harness.system.files import conf_dir

MINE = "name: mine_bare\nadapter: mine\nmode: bare\nenvironment: {MINE_PLUGINS: /m}\n"
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package whose modules cannot be imported, with an adapter behind each of the `modules`."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(*modules: str, **files: str) -> Path:
        code = {"my_package/__init__.py": "1 / 0\n", "my_package/inner/__init__.py": "", "my_package/adapter.py": ""}
        write(tmp_path, {**code, **files})
        points = [EntryPoint(f"mine_{number}", module, ADAPTERS) for number, module in enumerate(modules)]
        monkeypatch.setattr(config_folders, "entry_points", lambda group: points)
        config_folders._other_adapters.cache_clear()
        return tmp_path / "my_package"

    yield installed
    config_folders._other_adapters.cache_clear()


@pytest.mark.parametrize(
    ("module", "folder"),
    [("my_package", "conf"), ("my_package.adapter", "conf"), ("my_package.inner", "inner/conf")],
)
def test_the_folder_lies_beside_the_module_which_is_not_imported(install: Install, module: str, folder: str) -> None:
    package = install(module, **{"my_package/conf/arm/a.yaml": MINE, "my_package/inner/conf/arm/a.yaml": MINE})
    first, *others = config_folders.installed_folders()
    assert first == conf_dir()
    assert others[-1] == package / folder
    assert [each.parent.name for each in others[:-1]] == ["mindspore", "reference", "tensorflow"]
    assert "my_package" not in sys.modules


@pytest.mark.parametrize("module", ["json", "sys", "no_such_package.adapter", "my_package", "???", "__main__"])
def test_an_adapter_without_arm_files(install: Install, module: str) -> None:
    shipped = config_folders.installed_folders()
    install(module)
    assert config_folders.installed_folders() == shipped


def test_an_adapter_that_brings_an_arm(install: Install) -> None:
    install("my_package.adapter", **{"my_package/conf/arm/mine_bare.yaml": MINE})
    arm = Arm(name="mine_bare", adapter="mine", mode="bare", environment={"MINE_PLUGINS": "/m"})
    assert compose(["arms=[mine_bare, reference]"]).experiment.arms[0] == arm
    assert arm in compose(["arms=all"]).experiment.arms
    assert completions("arms=[mine") == ["arms=[mine_bare"]
    wrong = mistake("arms=[mine_bar]")
    assert wrong.startswith("arms.0: there is no arm 'mine_bar'; did you mean mine_bare?")
    assert "mindspore_step, mine_bare, reference" in wrong


def test_what_ships_comes_before_it_and_a_users_own_after(install: Install, tmp_path: Path) -> None:
    ours = "name: other\nadapter: mine\nmode: bare\n"
    install("my_package", **{"my_package/conf/arm/reference.yaml": ours, "my_package/conf/arm/mine.yaml": MINE})
    folder = write(tmp_path / "own", {"arm/mine.yaml": ours, "arm/third.yaml": ours})
    arms = compose(["arms=[reference, mine, third]"], [folder]).experiment.arms
    assert [arm.name for arm in arms] == ["reference", "mine_bare", "other"]


def test_what_it_sets_is_the_programs_and_needs_no_trust(install: Install, tmp_path: Path) -> None:
    install("my_package", **{"my_package/conf/arm/mine.yaml": MINE, "my_package/conf/arm/odd.yaml": "a: ["})
    assert code_installed() == {("environment.MINE_PLUGINS", "/m")}
    other = "name: other\nadapter: mine\nmode: bare\nenvironment: {MINE_PLUGINS: /other}\n"
    folder = write(tmp_path / "own", {"arm/other.yaml": other})
    code = compose(["arms=[mine, other]"], [folder]).code
    assert [(each.arm, each.value) for each in code] == [("other", "/other")]
