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

# Files that one framework alone has, and why.
ONE_SIDED: dict[str, str] = {}

# Files that are still laid out otherwise, or lack a twin.
NOT_YET = frozenset(
    {
        "activations.py",
        "canonical_optimizers.py",
        "initializers.py",
        "loss_formulas.py",
        "losses.py",
        "native_optimizers.py",
        "optimizers.py",
        "realisations/activations.py",
        "realisations/clipping.py",
        "realisations/initializers.py",
        "realisations/layers.py",
        "realisations/losses.py",
        "realisations/optimizers.py",
        "realisations/regularizers.py",
        "realisations/schedules.py",
        "replays.py",
        "schedulers.py",
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


@pytest.mark.parametrize("file", sorted(set().union(*map(files, TITLES)) - NOT_YET - ONE_SIDED.keys()))
def test_a_file_has_a_twin_of_the_same_outline(file: str) -> None:
    assert differences(file) == []


@pytest.mark.parametrize("file", sorted({*NOT_YET, *ONE_SIDED}))
def test_an_exception_is_needed(file: str) -> None:
    assert any(file in files(framework) for framework in TITLES), f"no framework has {file}"
    assert differences(file), f"{file} is mirrored: it needs no exception"


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
