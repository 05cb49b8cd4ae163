"""Entries' evidence, run again in one process a framework, and every native realisation, looked for there.

By day the evidence of every third entry is run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import named_realisations
import pytest
from selected import selected

from harness.ledger import Entry, child, ledger
from harness.ledger.loading import installed
from harness.report.vocabulary_table import DEVICES, PRECISIONS, View
from harness.spec.vocabulary import BASES, specimens

Ask = Callable[..., Any]
FRAMEWORKS = ("mindspore", "tensorflow")
# What is native without a name in the framework.
MADE_WITH_OPTIMIZERS = ("weight_decay", "lookahead", "averaging")
NAMELESS = ("no operation", "the activation alone", "learning_rate=float")
EVERYTHING = [word for family in BASES for word in specimens(family)]


@pytest.fixture(scope="module")
def processes(in_mindspore: Ask, in_tensorflow: Ask) -> dict[str, Ask]:
    return {"mindspore": in_mindspore, "tensorflow": in_tensorflow}


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, processes: dict[str, Ask], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """By the entry's name, what its evidence says and printed; of the entries that are tested."""
    found = {}
    tested = selected(request, "entry")
    for framework, ask in processes.items():
        folder = tmp_path_factory.mktemp(framework)
        entries = [entry for entry in tested if entry.framework == framework]
        child.lay_out(folder, {entry.id: entry.evidence for entry in entries})
        ask(child.main, folder)
        found |= {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.result")}
    return found


@pytest.mark.sampled(3)
@pytest.mark.parametrize("entry", ledger(), ids=lambda entry: entry.id)
def test_the_divergence_is_still_there(results: dict[str, dict[str, str]], entry: Entry) -> None:
    if not entry.concerns(installed(entry.framework)):
        pytest.skip(f"it speaks of {entry.versions}")
    result = results[entry.id]
    assert result["status"] == "diverges", result["output"]
    assert result["output"].strip(), "evidence prints what it shows"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_is_native_is_there(processes: dict[str, Ask], framework: str) -> None:
    """In every mode, on the CPU; what is declared for other devices must exist too."""
    views = [View(device, "native", (mode,)) for device in DEVICES for mode in ("jit", "pynative", "graph", "eager")]
    named = {
        (word.family, made.by)
        for view in views
        for word in EVERYTHING
        for (adapter, _), made in zip(view.columns, view.realisations(word), strict=True)
        if (adapter, made.kind) == (framework, "native") and made.by not in NAMELESS
    }
    assert len(named) > len(BASES)
    assert processes[framework](named_realisations.missing, framework, sorted(named)) == []
    none = [("loss", "nn.NoSuchLoss"), ("loss", "keras.losses.NoSuchLoss")]
    assert len(processes[framework](named_realisations.missing, framework, none)) == 2


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_word_that_is_made_has_a_builder(processes: dict[str, Ask], framework: str) -> None:
    built = processes[framework](named_realisations.builders, framework)
    made = {
        type(word).__qualname__
        for word in EVERYTHING
        for (adapter, _), each in zip(View().columns, View().realisations(word), strict=True)
        # What goes before or after an optimizer is made with it.
        if adapter == framework and each.kind != "unsupported" and word.family not in MADE_WITH_OPTIMIZERS
        if each.by != "no operation"
    }
    assert len(made) > len(PRECISIONS)
    assert made <= built
