"""What makes a word is named before its framework is imported, and chosen with the realisation that is recorded."""

from __future__ import annotations

import ast
from dataclasses import replace
from importlib import import_module
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import adapters
from adapters.making import Maker, Makers, maker
from adapters.protocol import UnsupportedSpecError
from adapters.setting import (
    EXACT,
    Entries,
    Realisation,
    Setting,
    Way,
    by_precision,
    canonical,
    composed,
    look_up,
    native,
    resolve,
    unless_exact,
    unsupported,
)
from harness.spec.activations import Relu, Selu, Sigmoid, Tanh
from harness.spec.arm import Arm
from harness.spec.optimizers import Sgd
from harness.spec.schedules import Schedule
from harness.spec.vocabulary import specimens

FAMILIES = ("schedule", "activation", "loss", "initializer", "optimizer")
FRAMEWORKS = tuple(name for name in adapters.SHIPPED if not adapters.info(name).is_oracle)


def setting(precision: str = "float32", realisation: str = "native", adapter: str = "mine") -> Setting:
    return Setting.of(
        Arm.model_validate(
            {"name": "arm", "adapter": adapter, "mode": "m", "precision": precision, "realisation": realisation}
        )
    )


def of_float32(word: Any) -> str:
    return f"float32 {word.word()}"


def of_float64(word: Any) -> str:
    return f"float64 {word.word()}"


TABLE: Entries = {
    Relu: by_precision(native("f", of_float32), composed("g, h", "f refuses float64", of_float64)),
    Tanh: lambda word, setting: unsupported("never"),
    Sigmoid: native("s"),
    Sgd: unless_exact(native("SGD", of_float32)),
}


@pytest.mark.parametrize(
    ("precision", "said", "made"),
    [
        ("float32", Realisation("native", "f"), "float32 relu"),
        ("float64", Realisation("composed", "g, h", "f refuses float64"), "float64 relu"),
    ],
)
def test_one_row_says_how_and_makes(precision: str, said: Realisation, made: str) -> None:
    assert look_up(TABLE, Relu(), setting(precision)) == said
    assert maker(TABLE, Relu(), setting(precision))(Relu()) == made


def test_the_policy_exact_takes_the_canonical_rule() -> None:
    assert look_up(TABLE, Sgd(), setting()) == Realisation("native", "SGD")
    assert look_up(TABLE, Sgd(), setting(realisation="exact")) == EXACT
    assert canonical("why") == Realisation("custom", EXACT.by, "why")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (Tanh(), "never"),
        (Selu(), "the mine adapter has no activation selu"),
        (Sigmoid(), "the mine adapter has no function for activation sigmoid"),
    ],
)
def test_what_nothing_makes(word: Any, reason: str) -> None:
    with pytest.raises(UnsupportedSpecError) as caught:
        maker(TABLE, word, setting())
    assert str(caught.value) == reason


def test_a_function_is_imported_when_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makers = Makers("made_up_makers")
    made = makers.twice
    assert made == Maker("made_up_makers", "twice")
    with pytest.raises(ModuleNotFoundError):
        made(1)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "made_up_makers.py").write_text("def twice(x):\n    return 2 * x\n")
    assert made(21) == 42
    with pytest.raises(AttributeError):
        _ = makers.thrice.function


def tables(framework: str, family: str) -> ModuleType:
    return import_module(f"{adapters.__name__}.{framework}.realisations.{family}")


def names_defined_in(file: Path) -> set[str]:
    """At the top of a file, which is read and not imported."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_row_names_a_function_of_the_file_beside_it(framework: str) -> None:
    info = adapters.info(framework)
    named: set[tuple[str, str]] = set()
    for word in (word for family in FAMILIES for word in specimens(family)):
        for mode, precision in product(info.modes, ("float32", "float64")):
            where = replace(setting(precision, adapter=framework), mode=mode, exact=False)
            choice = resolve(info.entries[type(word)], word, where)
            if isinstance(choice, Way):
                made_with = choice.make
            elif isinstance(word, Schedule):
                offer = tables(framework, "schedules").native_class(word, where)
                if isinstance(offer, str):
                    continue  # by the table of rates
                made_with = offer.make
            else:
                assert choice.kind == "custom", word  # by the canonical rule
                continue
            assert isinstance(made_with, Maker)
            named.add((made_with.module, made_with.name))
    package = Path(adapters.__file__).parents[1]
    defined = {module: names_defined_in(package / f"{module.replace('.', '/')}.py") for module, _ in named}
    assert len(defined) == len(FAMILIES)
    assert [each for each in sorted(named) if each[1] not in defined[each[0]]] == []
