"""The ledger's files: what is read, what is refused and how, and what is run again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import adapters
import harness.ledger.evidence as evidence
from adapters.setting import Setting
from harness.ledger import Entry, LedgerError, entries_for, ledger, loading, read
from harness.ledger.evidence import Shown
from harness.records import exit_codes
from harness.report import ledger_table
from harness.spec.arm import Arm

PLAIN: dict[str, Any] = {
    "framework": "mindspore",
    "kind": "inaccurate",
    "family": "activation",
    "word": "tanh",
    "precision": "float32",
    "versions": "==2.10.0",
    "what": "It is\noff.",
    "cause": "c",
    "bound": 0.25,
    "measure": "absolute",
    "instead": "i",
    "evidence": "diverges = True",
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str = "mindspore-tanh-x", without: tuple[str, ...] = (), **changed: Any) -> Path:
        plain = {key: value for key, value in {**PLAIN, **changed}.items() if key not in without}
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(plain))
        return file

    return written


def test_an_entry_is_read(write: Write) -> None:
    entry = read(write(), "mindspore")
    assert (entry.id, entry.what, entry.bound_in_words) == ("mindspore-tanh-x", "It is off.", "0.25 absolute")
    assert entry.concerns({"mindspore": "2.10.0"})
    assert not entry.concerns({"mindspore": "2.10.1"})
    assert not entry.concerns({})
    assert entry.holds_in("float32", "jit", "cpu")
    assert not entry.holds_in("float64", "jit", "cpu")
    assert not entry.holds_in("float32", "jit", "gpu")


def test_keras_classes_have_keras_version(write: Write) -> None:
    entry = read(write("tensorflow-x", framework="tensorflow", versions="==3.15.1", modes=["graph"]), "tensorflow")
    assert entry.concerns({"tensorflow": "2.21.0", "keras": "3.15.1"})
    assert not entry.concerns({"tensorflow": "2.21.0", "keras": "3.16.0"})
    assert entry.holds_in("float32", "graph", "cpu")
    assert not entry.holds_in("float32", "eager", "cpu")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"framework": "torch"}, "framework: "),
        ({"framework": "tensorflow"}, "framework: the file's name must begin with tensorflow-"),
        ({"kind": "odd"}, "kind: "),
        ({"family": "activations"}, "family: there is no family 'activations'; there are activation, "),
        ({"word": "tan"}, "word: there is no activation 'tan'; there are linear, "),
        ({"versions": "2.10"}, "versions: must be a version specifier such as ==2.10.0"),
        ({"bound": 0}, "bound: "),
        ({"bound": None}, "bound: required for an inaccurate entry"),
        ({"measure": None}, "measure: required for an inaccurate entry"),
        ({"kind": "different"}, "bound: only for an inaccurate entry; measure: only for an inaccurate entry"),
        ({"evidence": "diverges ="}, "evidence: is no Python script: "),
        ({"what": ""}, "what: "),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"without": ("cause",)}, "cause: Field required"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(write: Write, changed: dict[str, Any], said: str) -> None:
    file = write(**changed)
    with pytest.raises(LedgerError, match=re.escape(f"{file}: {said}")):
        read(file, "mindspore")


@pytest.mark.parametrize("text", ["- a list", "a: [", "just words"])
def test_what_is_no_entry_at_all(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mindspore-x.yaml"
    file.write_text(text)
    with pytest.raises(LedgerError, match=re.escape(str(file))):
        read(file, "mindspore")


def test_the_shipped_ledger() -> None:
    """All files are entries, with one name each, and it lies in a package that the wheel holds."""
    entries = ledger()
    assert (
        len(entries)
        == sum(len(list(each.glob("*.yaml"))) for each in loading.folders().values())
        == len({entry.id for entry in entries})
        > 10
    )
    assert {name: each.parent for name, each in loading.folders().items()} == {
        name: Path(adapters.__file__).parent / name for name in ("mindspore", "tensorflow")
    }
    tanh = entries_for("mindspore", {"mindspore": "2.10.0"}, "activation", "tanh", "float32")
    assert "mindspore-tanh-rational" in {entry.id for entry in tanh}
    assert not entries_for("mindspore", {"mindspore": "1.0"}, "activation", "tanh")


@pytest.mark.parametrize("entry", [e for e in ledger() if e.family == "schedule"], ids=lambda entry: entry.id)
def test_what_differs_is_declared_by_the_realisations(entry: Entry) -> None:
    """A schedule that is not made by the class says why: the reason names an entry that there is."""
    named = {
        made.reason.rpartition(" ")[2]
        for word in adapters_words()
        for mode in ("graph", "xla", "eager")
        if "see the ledger" in (made := adapters.realisation(word, setting("tensorflow", mode))).reason
    }
    assert named
    assert named <= {each.id for each in ledger()}
    if entry.framework == "tensorflow":
        assert entry.id in named


def adapters_words() -> Any:
    from harness.spec.vocabulary import specimens

    return specimens("schedule")


def setting(adapter: str, mode: str) -> Setting:
    return Setting.of(Arm(name="arm", adapter=adapter, mode=mode))


# --- the evidence ----------------------------------------------------------------------------------------------------


def test_evidence_is_run_in_one_process_and_each_outcome_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = {
        "a-holds": "import os; print('pid', os.getpid()); x = 1; diverges = x == 1",
        "b-gone": "import os; print('pid', os.getpid()); diverges = 'x' in globals()",
        "c-raises": "print('before'); raise RuntimeError('no such thing')",
        "d-says-nothing": "x = 2",
        "e-exits": "import os; os._exit(7)",
        "f-after": "diverges = True",
    }
    monkeypatch.setattr(evidence, "installed", lambda framework: {"mindspore": "2.10.0"})
    entries = [read(write(f"mindspore-{name}", evidence=script), "mindspore") for name, script in scripts.items()]
    other = read(write("mindspore-g-version", versions="==1.0"), "mindspore")
    shown = {each.entry.id.removeprefix("mindspore-"): each for each in evidence.verify([*entries, other])}
    assert {name: each.status for name, each in shown.items()} == {
        "a-holds": "diverges",
        "b-gone": "gone",
        "c-raises": "crashed",
        "d-says-nothing": "crashed",
        "e-exits": "crashed",
        "f-after": "diverges",
        "g-version": "unverified",
    }
    assert shown["a-holds"].output == shown["b-gone"].output != ""
    assert "before" in shown["c-raises"].output
    assert "no such thing" in shown["c-raises"].output
    assert "does not set `diverges`" in shown["d-says-nothing"].output
    assert "ended with 7" in shown["e-exits"].output


def test_a_framework_that_is_not_there(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "installed", lambda framework: {})
    (shown,) = evidence.verify([read(write(), "mindspore")])
    assert (shown.status, shown.output) == ("unverified", "mindspore is not installed")
    assert ledger_table.exit_code([shown]) == exit_codes.UNVERIFIED == 4


def test_the_gravest_outcome_is_the_exit_code(write: Write) -> None:
    entry = read(write(), "mindspore")

    def code(*statuses: evidence.Status) -> int:
        return ledger_table.exit_code([Shown(entry, status, "") for status in statuses])

    assert code() == code("diverges", "diverges") == 0
    assert code("diverges", "unverified") == 4
    assert code("unverified", "gone", "diverges") == 1
    assert code("gone", "crashed") == 3
