"""A user's code is followed expression by expression, and computes what it computes without being followed."""

import importlib
import importlib.util
import shutil
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from adapters.layer_calls import LayerCall, Recorder
from adapters.source_trace import Watcher, traced_loader, traced_sources, watching
from adapters.source_wrapping import Site

CODE = """
from __future__ import annotations

import numpy as np
from helper_of_traced import double


class Net:
    def __init__(self, size: int = 3):
        super().__init__()
        self.weight = np.full((size,), 2.0)

    def call(self, x):
        y = np.abs(x) + self.weight
        y += 1
        parts = [double(part) for part in (y, x) if part is not None]
        name = f"{len(parts)} parts"
        return (-parts[0][:, -1] @ np.ones(len(x)), name, x.sum(axis=-1, keepdims=True))


def build():
    return Net()
"""


def loaded(folder):
    path = folder / "traced_here.py"
    spec = importlib.util.spec_from_file_location("traced_here", path, loader=traced_loader("traced_here", path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "helper_of_traced", raising=False)
    (tmp_path / "traced_here.py").write_text(CODE)
    (tmp_path / "helper_of_traced.py").write_text("def double(x):\n    return x * 2\n")
    return tmp_path


@pytest.fixture
def watcher():
    return Watcher(lambda values: tuple(v for v in values if isinstance(v, np.ndarray)), lambda value: None)


def recorded(folder, watcher, x):
    with traced_sources(folder), watching(watcher):
        network = loaded(folder).build()
        watcher.recorder = Recorder()
        network.call(x)
    return watcher.recorder.calls


def test_what_is_computed_stays_and_every_operation_is_seen_with_its_line(folder, watcher, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    x = np.array([[-1.0, 2.0, 3.0]])
    plain = loaded(folder).build().call(x)
    calls = recorded(folder, watcher, x)
    with traced_sources(folder):
        followed = loaded(folder).build().call(x)
    assert np.array_equal(plain[0], followed[0])
    assert plain[1] == followed[1] == "2 parts"
    texts = [call.text for call in calls]
    assert texts[:3] == ["np.abs(x)", "np.abs(x) + self.weight", "y += 1"]
    assert [call.kind for call in calls[:3]] == ["absolute", "add", "add"]
    assert "x * 2" in texts  # of the module beside it
    assert [call.source for call in calls if call.text == "x * 2"] == ["helper_of_traced.py:2"] * 2
    assert "double(part)" not in texts  # its parts are there
    assert {"parts[0][:, -1]", "x.sum(axis=-1, keepdims=True)"} <= set(texts)
    total = next(call for call in calls if call.kind == "sum")
    assert np.array_equal(total.xs[0], x)
    assert total.operands == ("x",)
    assert calls[0].source == "traced_here.py:14"


def test_operands_are_named_and_their_values_kept(folder, watcher, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    calls = recorded(folder, watcher, np.ones((1, 3)))
    (added,) = (call for call in calls if call.text == "np.abs(x) + self.weight")
    assert added.operands == ("np.abs(x)", "self.weight")
    assert np.array_equal(added.xs[1], [2.0, 2.0, 2.0])
    assert np.array_equal(added.ys[0], [[3.0, 3.0, 3.0]])


def test_nothing_is_left_behind(folder, watcher, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop("helper_of_traced", None)
    path, finders = list(sys.path), list(sys.meta_path)
    recorded(folder, watcher, np.ones((1, 3)))
    assert (sys.path, sys.meta_path) == (path, finders)
    assert "helper_of_traced" not in sys.modules
    assert not list(folder.rglob("*.pyc"))
    assert traced_loader("traced_here", folder / "traced_here.py") is None


def test_a_layer_that_is_called_gets_the_line_of_its_call_and_its_parts_get_their_own():
    watcher = Watcher(lambda values: (), lambda value: None, Recorder())
    x = np.ones(2)
    site = Site("net.py", 7, "self.fc(x)", "", ("self", "x"))
    watcher.operand(lambda x: x)
    watcher.operand(x)
    watcher.recorder.record(LayerCall("fc", "Dense", (x,), (x,)))
    watcher.result(site, x)
    (call,) = watcher.recorder.calls
    assert (call.layer, call.source, call.text) == ("fc", "net.py:7", "self.fc(x)")


def test_calls_within_a_layer_are_told_and_those_of_a_loop_are_one():
    recorder, x = Recorder(), np.ones(2)
    recorder.enter()
    for name in ("query", "key"):
        recorder.enter()
        recorder.leave(LayerCall(name, "Dense", (x,), (x,)))
    recorder.leave(LayerCall("attention", "MultiHeadAttention", (x,), (x,)))
    assert [(call.layer, call.within, call.inner) for call in recorder.calls] == [
        ("query", "attention", ()),
        ("key", "attention", ()),
        ("attention", "", ("query", "key")),
    ]
    recorder.enter()
    for _ in range(3):
        recorder.enter()
        recorder.leave(LayerCall("cell", "LSTMCell", (x,), (x,)))
    recorder.leave(LayerCall("lstm", "LSTM", (x,), (x, x)))
    assert [(call.layer, call.inner) for call in recorder.calls[3:]] == [("lstm", ("cell",))]


@pytest.mark.parametrize("name", ["argparse", "dataclasses", "difflib", "fractions", "statistics", "textwrap"])
def test_any_python_is_followed_and_computes_the_same(name, tmp_path, watcher, monkeypatch):
    """Modules of the standard library, which use most of the language, copied and followed."""
    path = tmp_path / f"followed_{name}.py"
    shutil.copy(Path(sysconfig.get_path("stdlib")) / f"{name}.py", path)
    uses = {
        "argparse": lambda m: m.ArgumentParser("any").parse_args([]),
        "dataclasses": lambda m: m.asdict(m.make_dataclass("Point", ["x", ("y", int, m.field(default=2))])(1)),
        "difflib": lambda m: list(m.ndiff(["a", "b"], ["a", "c"])),
        "fractions": lambda m: str(m.Fraction("3/7") + m.Fraction(1, 2)),
        "statistics": lambda m: (m.mean([1, 2, 3.5]), m.quantiles([1, 2, 4, 8])),
        "textwrap": lambda m: m.fill("one two three " * 5, 20),
    }
    watcher.recorder = Recorder()
    with traced_sources(tmp_path), watching(watcher):
        spec = importlib.util.spec_from_file_location(path.stem, path, loader=traced_loader(path.stem, path))
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        followed = uses[name](module)
    assert str(followed) == str(uses[name](importlib.import_module(name)))
