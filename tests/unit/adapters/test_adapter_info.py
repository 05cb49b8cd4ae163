"""What an adapter says of itself is checked where it is made, and one that cannot be used costs the others nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import adapters
from adapters.info import AdapterError, AdapterInfo, Arrangement

RIGHT: dict[str, Any] = {
    "title": "Mine",
    "distribution": "mine",
    "modes": ("bare",),
    "entries": {},
    "create": print,
}
Install = Callable[[str, str], None]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": ""}, "title is ''"),
        ({"distribution": None}, "distribution is None"),
        ({"modes": ()}, r"modes is \(\)"),
        ({"modes": "bare"}, "modes is 'bare'"),
        ({"create": None}, "create is None"),
        ({"entries": [1]}, r"entries is \[1\]"),
        ({"versions": "2.10"}, "versions is '2.10'"),
        ({"versions": 3}, "versions is 3"),
        ({"ledger": "folder"}, "ledger is 'folder'"),
        ({"arrangements": {"none": Arrangement({"A": "1"}, ())}}, "arrangements is {'none': Arr"),
        ({"arrangements": {"fast": {"A": "1"}}}, "arrangements is {'fast': {'A': '1'}}"),
        ({"arrangements": [1]}, r"arrangements is \[1\]"),
        ({"devices": ("cpu", 1)}, r"devices is \('cpu', 1\)"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(AdapterError, match=said):
        AdapterInfo(**{**RIGHT, **changed})


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(AdapterError) as caught:
        AdapterInfo(**{**RIGHT, "create": None, "modes": ()})
    assert "create is None" in str(caught.value)
    assert "modes is" in str(caught.value)


@pytest.mark.parametrize("name", adapters.SHIPPED)
def test_those_that_ship_say_what_there_is_to_say(name: str) -> None:
    info = adapters.info(name)
    assert info.distribution in info.packages
    assert info.is_oracle == (name == "reference")
    if not info.is_oracle:
        assert info.ledger is not None
        assert info.ledger.is_dir()
        assert info.user_models is not None
        assert info.install.startswith("pip install ")
        assert info.versions


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs modules, each as an adapter of its name."""
    points: list[Any] = []

    def load(name: str) -> Any:
        sys.modules.pop(name, None)
        return __import__(name)

    def installed(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)
        points.append(SimpleNamespace(name=name, load=lambda: load(name)))
        adapters._entry_points.cache_clear()

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(adapters, "entry_points", lambda group: points)
    yield installed
    adapters._entry_points.cache_clear()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "adapter odd cannot be loaded: ZeroDivisionError: division by zero"),
        ("import no_such_package", "adapter odd cannot be loaded: ModuleNotFoundError: No module named 'no_such_"),
        ("INFO = 3", "adapter odd: INFO is int, and must be an AdapterInfo"),
        ("MODES = ('bare',)", "adapter odd cannot be loaded: AttributeError: "),
        ("from adapters.info import *\nINFO = AdapterInfo('', 'x', (), {}, print)", "adapter odd: title is ''; modes"),
    ],
)
def test_an_adapter_that_cannot_be_used_says_why(install: Install, code: str, said: str) -> None:
    install("odd", code)
    assert "odd" in adapters.names()
    assert set(adapters.usable()) == set(adapters.SHIPPED)
    with pytest.raises(AdapterError) as caught:
        adapters.info("odd")
    assert str(caught.value).startswith(said)


def test_a_third_party_is_one_of_the_frameworks(install: Install) -> None:
    install("mine", "from adapters.info import AdapterInfo\nINFO = AdapterInfo('Mine', 'mine', ('bare',), {}, print)\n")
    assert adapters.frameworks() == ("mindspore", "mine", "tensorflow")
    assert adapters.modes("mine") == ("bare",)
