"""The adapters of MindSpore and TensorFlow are laid out alike, so that a diff of two files shows the two frameworks.

Read from the source: no framework is needed. What only one framework needs lies in `specifics/`, or is private.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import adapters

ROOT = Path(adapters.__file__).parent
TITLES = {"mindspore": "MindSpore", "tensorflow": "TensorFlow"}
SPECIFICS = "specifics"
# Methods that a framework calls by a name of its own: a Cell's is `construct`.
CALLED = {"construct": "__call__"}

# What makes the words: a word that a framework has needs no function of ours there, so that the functions differ. The
# functions that both have come in one order, with the same parameters.
OF_WORDS = frozenset(
    {
        "activations.py",
        "canonical_optimizers.py",
        "initializers.py",
        "loss_formulas.py",
        "losses.py",
        "native_optimizers.py",
        "realisations/activations.py",
        "realisations/clipping.py",
        "realisations/initializers.py",
        "realisations/layers.py",
        "realisations/losses.py",
        "realisations/optimizers.py",
        "realisations/regularizers.py",
        "realisations/schedules.py",
        "replays.py",
        "schedules.py",
    }
)


def files(framework: str) -> set[str]:
    folder = ROOT / framework
    paths = {path.relative_to(folder) for path in folder.rglob("*.py")}
    return {path.as_posix() for path in paths if SPECIFICS not in path.parts}


def outline(framework: str, file: str) -> list[str]:
    """Public functions, classes and their public methods, each with the names of its parameters, in order."""
    tree = ast.parse((ROOT / framework / file).read_text(encoding="utf-8"))
    lines: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            name = node.name.replace(TITLES[framework], "")
            if isinstance(node, ast.FunctionDef):
                lines.append(f"{name}({parameters(node)})")
                continue
            lines.append(f"class {name}")
            methods = [method for method in node.body if isinstance(method, ast.FunctionDef) and is_public(method)]
            lines += [f"  {CALLED.get(method.name, method.name)}({parameters(method)})" for method in methods]
    return lines


def is_public(method: ast.FunctionDef) -> bool:
    return not method.name.startswith("_") or method.name.endswith("__")


def parameters(function: ast.FunctionDef) -> str:
    of = function.args
    names = [parameter.arg for parameter in (*of.posonlyargs, *of.args)]
    names += [f"*{of.vararg.arg}"] if of.vararg else []
    names += [f"{parameter.arg}=" for parameter in of.kwonlyargs]
    names += [f"**{of.kwarg.arg}"] if of.kwarg else []
    return ", ".join(names)


def differences(file: str) -> list[str]:
    """Why a file is not mirrored; empty where it is."""
    lacking = [f"{framework} has no {file}" for framework in TITLES if file not in files(framework)]
    if lacking:
        return lacking
    mindspore, tensorflow = (outline(framework, file) for framework in TITLES)
    return [] if mindspore == tensorflow else [f"{mindspore} is not {tensorflow}"]


def functions(framework: str, file: str) -> dict[str, list[str]]:
    """The parameters of each public function or class, by its name and in order; of a class none."""
    lines = [line for line in outline(framework, file) if not line.startswith("  ")]
    return {line.partition("(")[0]: line.partition("(")[2].rstrip(")").split(", ") for line in lines}


def differences_of_shared(file: str) -> list[str]:
    """Why the functions that both frameworks have are not mirrored. A parameter that is not used is called `_`."""
    mindspore, tensorflow = (functions(framework, file) for framework in TITLES)
    orders = [
        [name for name in one if name in other] for one, other in ((mindspore, tensorflow), (tensorflow, mindspore))
    ]
    if orders[0] != orders[1]:
        return [f"{orders[0]} is not {orders[1]}"]
    return [
        f"{name}: {mindspore[name]} is not {tensorflow[name]}"
        for name in orders[0]
        if len(mindspore[name]) != len(tensorflow[name])
        or any(a != b and "_" not in (a, b) for a, b in zip(mindspore[name], tensorflow[name], strict=True))
    ]


@pytest.mark.parametrize("file", sorted(set().union(*map(files, TITLES)) - OF_WORDS))
def test_a_file_has_a_twin_of_the_same_outline(file: str) -> None:
    assert differences(file) == []


@pytest.mark.parametrize("file", sorted(OF_WORDS))
def test_what_makes_the_words_of_both_is_in_one_order(file: str) -> None:
    assert all(file in files(framework) for framework in TITLES)
    assert differences(file), f"{file} is mirrored as a whole: it needs no exception"
    assert differences_of_shared(file) == []


def test_outlines_tell_names_order_and_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    sources = {
        "mindspore": "def f(x, *y): ...\nclass MindSporeA(B):\n def construct(self, x): ...\n def _g(self): ...\n",
        "tensorflow": "def f(x, *y): ...\nclass TensorFlowA:\n def __call__(self, x): ...\n",
    }
    for framework, source in sources.items():
        (tmp_path / framework).mkdir()
        for name in ("same", "other"):
            (tmp_path / framework / f"{name}.py").write_text(source, encoding="utf-8")
    assert outline("mindspore", "same.py") == ["f(x, *y)", "class A", "  __call__(self, x)"]
    assert differences("same.py") == []
    for changed in ("def f(z, *y): ...", "def g(x, *y): ...", sources["tensorflow"] + "def k(): ...\n"):
        (tmp_path / "tensorflow" / "other.py").write_text(changed, encoding="utf-8")
        assert differences("other.py")
    (tmp_path / "mindspore" / "alone.py").touch()
    assert differences("alone.py") == ["tensorflow has no alone.py"]


def test_shared_functions_are_compared_by_order_and_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    for framework in TITLES:
        (tmp_path / framework).mkdir()
    (tmp_path / "mindspore" / "words.py").write_text("def a(x): ...\ndef only(x): ...\ndef b(_, y): ...\n")
    for text, wrong in (
        ("def a(x): ...\ndef b(x, y): ...\n", 0),
        ("def b(x, y): ...\ndef a(x): ...\n", 1),
        ("def a(z): ...\ndef b(x, y, z): ...\n", 2),
    ):
        (tmp_path / "tensorflow" / "words.py").write_text(text)
        assert len(differences_of_shared("words.py")) == wrong
