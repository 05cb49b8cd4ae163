"""Composes a pair from its file and overrides, validates it, and reports all mistakes together."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import adapters
from harness.composition import UserMistake
from harness.composition.expansion import Expansion
from harness.composition.fields import dotted
from harness.composition.groups import ConfigGroups, UnreadableError
from harness.composition.limits import misfits
from harness.composition.mistakes import explain, nearest, no_such, shown
from harness.composition.overrides import MisfitError, Overrides, applied, overlaid, read
from harness.composition.preflight import arm_mistakes, unusable
from harness.composition.representable import unrepresentable
from harness.composition.trust import CodeField, code_from_files, code_installed, code_of, code_typed
from harness.composition.yaml_files import read_yaml
from harness.subjects.pair.spec import OWN_FAMILIES, Pair
from harness.system.files import FileError, given_path, read_bytes, refuse_unfit

Tree = dict[str, Any]
KEY = "pair="
WORD = "word"  # of native objects: what they are to be
SETTINGS = ("arm", "out", "results_root")
WORDS = ("loss", "optimizer", "schedule", "clipping", "weight_decay")
_PYTHON_FILE = 1 << 20  # bytes
_MOST_BESIDE = 1000  # file names that are searched for the nearest


def default_arms() -> list[dict[str, str]]:
    """One arm of each framework that runs a user's models.

    Its mode runs one operation at a time, so that any native code works. Compiled modes have to be named as arms.
    """
    able = {name: about.user_models for name, about in adapters.usable().items() if about.user_models}
    return [{"use": models.arm, "name": name} for name, models in able.items()]


@dataclass(frozen=True)
class ComposedPair:
    """A validated pair. `file`: the pair's file; the paths in it are relative to its folder.

    `code_of_file`: fields of the file's arms, other than the models, that can run code. `code`: such fields from other
    files.
    """

    pair: Pair
    file: Path
    out: Path | None
    results_root: Path
    code_of_file: tuple[CodeField, ...] = ()
    code: tuple[CodeField, ...] = ()

    def located(self) -> Pair:
        """The pair with whole paths of the functions of its native objects, as a worker needs them."""
        own: dict[str, Any] = {
            family: {name: ":".join(map(str, self.place(named))) for name, named in self.pair.own.of(family).items()}
            for family in self.pair.own.families
        }
        return self.pair.model_copy(update={"own": self.pair.own.model_copy(update=own)})

    def place(self, named: str) -> tuple[Path, str]:
        """The path of `file.py:function` or of a file's name, and the function's name.

        Raises FileError if no file can have that path.
        """
        path, _, function = named.partition(":")
        file = self.file.parent / given_path(path)
        return given_path(str(file)), function


def compose_pair(
    overrides: Sequence[str],
    config_dirs: Sequence[Path] = (),
    groups: ConfigGroups | None = None,
    trust: bool = False,
) -> ComposedPair:
    """The pair that the overrides describe. Raises UserMistake with all mistakes if they describe none.

    `groups`: reused for the next pair, because they cache the files that they have read. Without `trust` a field in a
    file of `config_dirs` that can run code is a mistake. The pair's own file always names code: it is trusted like a
    program that the user runs.
    """
    files = [text.removeprefix(KEY) for text in overrides if text.startswith(KEY)]
    if len(files) > 1 or not files[0]:
        raise UserMistake([f"{KEY} takes the path of one YAML file"])
    file = _path(KEY, files[0])
    groups = groups or ConfigGroups.beside(config_dirs)
    typed = [text for text in overrides if not text.startswith(KEY)]
    parsed = read(typed, groups.all_options())
    mistakes = list(parsed.mistakes)
    of_file = _from_file(file)
    tree: Tree = {"arms": default_arms(), "results_root": "results", **of_file}
    tree = _with_choices(tree, parsed, groups, mistakes)
    for change in parsed.changes:
        try:
            tree = applied(tree, change)
        except MisfitError as misfit:
            mistakes.append(f"{dotted(change.path)}: {misfit}")
    tree = _with_weights(_with_own(tree, mistakes), mistakes)
    tree = _with_words(tree, groups, mistakes)
    lists, misnamed = Expansion(groups).expanded(tree)
    mistakes += [mistake.text for mistake in misnamed]
    settings = {key: tree.get(key) for key in SETTINGS}
    folders = {key: _folder(key, settings[key], mistakes) for key in ("out", "results_root")}
    fields = {key: value for key, value in {**tree, **lists}.items() if key not in SETTINGS and key != "suite"}
    try:
        pair = Pair.model_validate(fields)
    except ValidationError as error:
        raise UserMistake([*mistakes, *(m.text for m in explain(error, fields, Pair, SETTINGS))]) from None
    by_user = code_typed(typed, groups.all_options()) | code_installed()
    code = code_from_files(pair.arms, by_user | code_of(of_file), list(config_dirs))
    accounted = by_user | {(field.field, field.value) for field in code}
    composed = ComposedPair(
        pair,
        file,
        folders["out"],
        folders["results_root"] or Path("results"),
        code_from_files(pair.arms, accounted, [file]),
        code,
    )
    mistakes += [] if trust else [field.refusal for field in code]
    mistakes += _misplaced(composed)
    if mistakes:
        raise UserMistake(mistakes)
    return composed


def _path(key: str, text: str) -> Path:
    try:
        return given_path(text).absolute()
    except FileError as error:
        raise UserMistake([f"{key}{text}: {error}"]) from None


def _folder(key: str, value: Any, mistakes: list[str]) -> Path | None:
    if value is None and key == "out":
        return None
    if not isinstance(value, str):
        mistakes.append(f"{key}: given {shown(value)}; allowed: a path")
        return None
    try:
        return given_path(value)
    except FileError as error:
        mistakes.append(f"{key}={value}: {error}")
        return None


def _from_file(file: Path) -> Tree:
    try:
        content = read_yaml(file)
    except FileError as error:
        near = None if file.exists() else _nearest_beside(file, "*.yaml")
        raise UserMistake([f"{KEY}{file}: {error}" + (f"; did you mean {near}?" if near else "")]) from None
    if not isinstance(content, dict):
        raise UserMistake([f"{KEY}{file}: it holds no mapping; it must give name, models, loss, optimizer, ..."])
    wrong = misfits(content)
    if wrong:
        raise UserMistake([f"{KEY}{file}: {mistake.text}" for mistake in wrong])
    return content


def _nearest_beside(file: Path, pattern: str = "*") -> str | None:
    return nearest(file.name, [path.name for path in islice(file.parent.glob(pattern), _MOST_BESIDE)])


def _with_choices(tree: Tree, parsed: Overrides, groups: ConfigGroups, mistakes: list[str]) -> Tree:
    for group, option in parsed.choices:
        if group in WORDS:
            tree = {**tree, group: option}
        else:
            mistakes.append(f"{group}={option}: a pair has no {group}; groups: {', '.join(WORDS)}")
    return tree


def _with_own(tree: Tree, mistakes: list[str]) -> Tree:
    """The tree with native objects below `own`, and in their place the words that they are to be, if given."""
    able = [name for name, about in adapters.usable().items() if about.user_models]
    words, own = dict(tree), dict[str, Any]()
    for family in OWN_FAMILIES:
        entry = tree.get(family)
        if not isinstance(entry, Mapping) or not set(entry) & set(able):
            continue
        functions = {key: value for key, value in entry.items() if key != WORD}
        mistakes += [
            no_such(
                f"{family}.{key}: native objects are given by adapter, and by {WORD} what they are to be", key, able
            )
            for key in functions
            if key not in able
        ]
        own[family] = {key: value for key, value in functions.items() if key in able}
        words[family] = entry.get(WORD)
        if words[family] is None:
            del words[family]
    return {**words, "own": own} if own else words


def _with_weights(tree: Tree, mistakes: list[str]) -> Tree:
    """The tree with `weights_from` in place of `weights: {from: ...}`."""
    if "weights" not in tree:
        return tree
    others = {key: value for key, value in tree.items() if key != "weights"}
    weights = tree["weights"]
    if isinstance(weights, Mapping) and set(weights) == {"from"} and isinstance(weights["from"], str):
        return {**others, "weights_from": weights["from"]}
    mistakes.append(f"weights: given {shown(weights)}; allowed: from: and a name, as in weights: {{from: mindspore}}")
    return others


def _with_words(tree: Tree, groups: ConfigGroups, mistakes: list[str]) -> Tree:
    """The tree with the names of words, and `use: NAME`, replaced by the contents of their files."""
    words = dict(tree)
    for group in WORDS:
        entry = tree.get(group)
        name = entry.get("use") if isinstance(entry, Mapping) else entry
        if not isinstance(name, str):
            continue
        options = groups.options(group)
        if name not in options:
            mistakes.append(no_such(f"{group}: there is no {group} {name!r}", name, options))
            name = nearest(name, options) or options[0]  # a stand-in, so that the rest can be checked
        try:
            content = groups.contents(group, [name])[name]
        except UnreadableError as error:
            mistakes.append(f"{group}: {error}")
            continue
        overrides = {key: value for key, value in entry.items() if key != "use"} if isinstance(entry, Mapping) else {}
        words[group] = overlaid(content, overrides)
    return words


def _misplaced(composed: ComposedPair) -> list[str]:
    """Mistakes about missing files and functions, and about adapters that cannot run a user's model."""
    pair, mistakes = composed.pair, list[str]()
    able = [name for name, about in adapters.usable().items() if about.user_models]
    for adapter in pair.models:
        if adapter not in able:
            mistakes.append(no_such(f"models.{adapter}: no model of your own runs there", adapter, able))
    for arm in pair.arms:
        mistakes += arm_mistakes(arm) if arm.adapter in able else []
        if arm.compute_dtype:
            models = "the models of a pair cast themselves (auto_mixed_precision, to_float, a dtype policy)"
            mistakes.append(f"arm {arm.name}: precision: given {arm.precision}; {models}; allowed: float32, float64")
        if arm.spec:
            mistakes.append(f"arm {arm.name}: spec: given {shown(arm.spec)}; the arms of a pair have the pair's words")
    mistakes += unrepresentable((arm, pair) for arm in pair.arms)
    builders = {f"models.{name}.builder": model.builder for name, model in pair.models.items()}
    for family in pair.own.families:
        builders |= {f"{family}.{name}": function for name, function in pair.own.of(family).items()}
    for key, value in {**builders, "batches": pair.batches}.items():
        mistakes += _missing(key, partial(composed.place, value))
    if composed.out is not None:
        return [*mistakes, *unusable("out", composed.out, must_be_new=True)]
    return [*mistakes, *unusable("results_root", composed.results_root)]


def _missing(key: str, place: Callable[[], tuple[Path, str]]) -> list[str]:
    try:
        file, function = place()
        if not file.exists():
            near = _nearest_beside(file)
            return [f"{key}: there is no file {file}" + (f"; did you mean {near}?" if near else "")]
        if not function:
            refuse_unfit(file, sys.maxsize, "a file of batches")
            return []
        names = _names(file)
    except FileError as error:
        return [f"{key}: {error}"]
    if function in names:
        return []
    return [no_such(f"{key}: there is no function {function!r} in {file}", function, names)]


def _names(file: Path) -> list[str]:
    """The names that a file defines or imports, without running it. Raises FileError if it is not valid Python."""
    try:
        tree = ast.parse(read_bytes(file, _PYTHON_FILE, "a file of functions"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Python gives up on deep nesting with the last two.
        raise FileError(f"{file} is no Python file ({str(error) or 'it is nested too deeply'})") from None
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return names
