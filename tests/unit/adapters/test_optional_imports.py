"""What TensorFlow's adapter leaves out of the import of Keras, and that it is there again afterwards."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from adapters.tensorflow.specifics.optional_imports import UNUSED, uninstalled

PACKAGE = "this"  # of the standard library, and imported by nothing
LOADED = """
import sys, adapters
from harness.spec.arm import Arm
adapters.load(Arm(name="tensorflow", adapter="tensorflow", mode="graph"))
assert sys.modules.get("keras") is not None
assert not {*sys.argv[1:]} & {*sys.modules}, "imported, or left hidden"
import sklearn, matplotlib
"""


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)


@pytest.mark.usefixtures("absent")
def test_it_cannot_be_imported_within_and_can_after(capsys: pytest.CaptureFixture[str]) -> None:
    with uninstalled((PACKAGE,)), pytest.raises(ImportError):
        __import__(PACKAGE)
    assert __import__(PACKAGE).__name__ == PACKAGE


@pytest.mark.usefixtures("absent")
def test_it_can_be_imported_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), uninstalled((PACKAGE,)):
        _ = 1 / 0
    assert PACKAGE not in sys.modules


def test_what_was_imported_before_stays() -> None:
    with uninstalled(("subprocess",)):
        assert sys.modules["subprocess"] is subprocess
    assert sys.modules["subprocess"] is subprocess


@pytest.mark.nightly
def test_the_adapter_imports_none_of_them() -> None:
    if find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    streams: Any = {"capture_output": True, "text": True, "timeout": 300}
    ended = subprocess.run([sys.executable, "-c", LOADED, *UNUSED], check=False, **streams)
    assert ended.returncode == 0, ended.stderr
