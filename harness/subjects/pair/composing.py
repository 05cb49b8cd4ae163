"""From a pair's file and overrides to one validated pair, with every mistake found in one go."""

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
from harness.subjects.pair.spec import Pair
from harness.system.files import FileError, given_path, read_bytes, refuse_unfit

Tree = dict[str, Any]
KEY = "pair="
SETTINGS = ("arm", "out", "results_root")
WORDS = ("loss", "optimizer", "schedule", "clipping", "weight_decay")
_PYTHON_FILE = 1 << 20  # bytes
_MOST_BESIDE = 1000  # names to look through for the nearest


def default_arms() -> list[dict[str, str]]:
    """One of each framework that runs models of a user's.

    It runs one operation at a time, so that any native code runs; naming other arms takes the compiled modes.
    """
    able = {name: about.user_models for name, about in adapters.usable().items() if about.user_models}
    return [{"use": models.arm, "name": name} for name, models in able.items()]


@dataclass(frozen=True)
class ComposedPair:
    """`file` is the pair's file, below whose folder all paths in it lie.

    `code_of_file` is what the file gives its arms that can run code besides the models; `code` is what others do.
    """

    pair: Pair
    file: Path
    out: Path | None
    results_root: Path
    code_of_file: tuple[CodeField, ...] = ()
    code: tuple[CodeField, ...] = ()

    def place(self, named: str) -> tuple[Path, str]:
        """The file that `file.py:function` or a file's name stands for, and the function's name.

        FileError where there can be no such file.
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
    """The pair that `overrides` ask for; UserMistake, with every mistake in it, where they ask for none.

    `groups` keep what was read of them for the next pair. Without `trust`, what a file of `config_dirs` gives that can
    run code is a mistake; the pair's own file names code in any case, and is run as a program is.
    """
    files = [text.removeprefix(KEY) for text in overrides if text.startswith(KEY)]
    if len(files) > 1 or not files[0]:
        raise UserMistake([f"{KEY} takes the path of one YAML file"])
    file = _path(KEY, files[0])
    groups = groups or ConfigGroups.beside(config_dirs)
    typed = [text for text in overrides if not text.startswith(KEY)]
    asked = read(typed, groups.all_options())
    wrong = list(asked.mistakes)
    of_file = _from_file(file)
    tree: Tree = {"arms": default_arms(), "results_root": "results", **of_file}
    tree = _with_choices(tree, asked, groups, wrong)
    for change in asked.changes:
        try:
            tree = applied(tree, change)
        except MisfitError as misfit:
            wrong.append(f"{dotted(change.path)}: {misfit}")
    tree = _with_words(tree, groups, wrong)
    lists, misnamed = Expansion(groups).expanded(tree)
    wrong += [mistake.text for mistake in misnamed]
    settings = {key: tree.get(key) for key in SETTINGS}
    folders = {key: _folder(key, settings[key], wrong) for key in ("out", "results_root")}
    plain = {key: value for key, value in {**tree, **lists}.items() if key not in SETTINGS and key != "suite"}
    try:
        pair = Pair.model_validate(plain)
    except ValidationError as error:
        raise UserMistake([*wrong, *(m.text for m in explain(error, plain, Pair, SETTINGS))]) from None
    stated = code_typed(typed, groups.all_options()) | code_installed()
    code = code_from_files(pair.arms, stated | code_of(of_file), list(config_dirs))
    otherwise = stated | {(each.field, each.value) for each in code}
    composed = ComposedPair(
        pair,
        file,
        folders["out"],
        folders["results_root"] or Path("results"),
        code_from_files(pair.arms, otherwise, [file]),
        code,
    )
    wrong += [] if trust else [each.refusal for each in code]
    wrong += _misplaced(composed)
    if wrong:
        raise UserMistake(wrong)
    return composed


def _path(key: str, text: str) -> Path:
    try:
        return given_path(text).absolute()
    except FileError as error:
        raise UserMistake([f"{key}{text}: {error}"]) from None


def _folder(key: str, value: Any, wrong: list[str]) -> Path | None:
    if value is None and key == "out":
        return None
    if not isinstance(value, str):
        wrong.append(f"{key}: given {shown(value)}; allowed: a path")
        return None
    try:
        return given_path(value)
    except FileError as error:
        wrong.append(f"{key}={value}: {error}")
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


def _with_choices(tree: Tree, asked: Overrides, groups: ConfigGroups, wrong: list[str]) -> Tree:
    for group, option in asked.choices:
        if group in WORDS:
            tree = {**tree, group: option}
        else:
            wrong.append(f"{group}={option}: a pair has no {group}; groups: {', '.join(WORDS)}")
    return tree


def _with_words(tree: Tree, groups: ConfigGroups, wrong: list[str]) -> Tree:
    """Names of words, and `use: NAME`, replaced by what their files hold."""
    found = dict(tree)
    for group in WORDS:
        given = tree.get(group)
        name = given.get("use") if isinstance(given, Mapping) else given
        if not isinstance(name, str):
            continue
        options = groups.options(group)
        if name not in options:
            wrong.append(no_such(f"{group}: there is no {group} {name!r}", name, options))
            name = nearest(name, options) or options[0]  # a stand-in, so that the rest can be checked
        try:
            content = groups.contents(group, [name])[name]
        except UnreadableError as error:
            wrong.append(f"{group}: {error}")
            continue
        over = {key: value for key, value in given.items() if key != "use"} if isinstance(given, Mapping) else {}
        found[group] = overlaid(content, over)
    return found


def _misplaced(composed: ComposedPair) -> list[str]:
    """Files and functions that are not there, and adapters that run no model of one's own."""
    pair, wrong = composed.pair, list[str]()
    able = [name for name, about in adapters.usable().items() if about.user_models]
    for adapter in pair.models:
        if adapter not in able:
            wrong.append(no_such(f"models.{adapter}: no model of your own runs there", adapter, able))
    for arm in pair.arms:
        wrong += arm_mistakes(arm) if arm.adapter in able else []
        if arm.spec:
            wrong.append(f"arm {arm.name}: spec: given {shown(arm.spec)}; the arms of a pair have the pair's words")
    wrong += unrepresentable((arm, pair) for arm in pair.arms)
    named = {f"models.{name}.builder": each.builder for name, each in pair.models.items()}
    for key, value in {**named, "batches": pair.batches}.items():
        wrong += _missing(key, partial(composed.place, value))
    if composed.out is not None:
        return [*wrong, *unusable("out", composed.out, must_be_new=True)]
    return [*wrong, *unusable("results_root", composed.results_root)]


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
    """What a file defines or imports, read and not run; FileError where it is no Python."""
    try:
        tree = ast.parse(read_bytes(file, _PYTHON_FILE, "a file of functions"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Python gives up on deep nesting with the last two.
        raise FileError(f"{file} is no Python file ({str(error) or 'it is nested too deeply'})") from None
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return found
