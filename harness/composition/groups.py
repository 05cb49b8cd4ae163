"""The folders of YAML files from which experiments are composed, read by Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.composition.limits import misfits
from harness.composition.mistakes import SETTINGS, UserMistake, no_such
from harness.composition.plain_files import plain_content
from harness.composition.yaml_files import in_a_line
from harness.system.config_folders import installed_folders, options_in
from harness.system.files import FileError, given_path
from harness.system.text import printable

ROOT_CONFIG = "config"
SWEEP_FOLDERS = "twinrun"  # the option of hydra/output that ships: where a sweep and its jobs have their folders
# Hydra reads other names as numbers, as constants, or as parts of a path.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:[. ][A-Za-z0-9_-]+)*")
_CONSTANTS = ("null", "true", "false", "inf", "nan")
_TAKEN = ("hydra", "defaults", "from", "pair", *(key for key in SETTINGS if key != "arm"))


class UnreadableError(Exception):
    """A file of a group that Hydra cannot compose."""


@dataclass(frozen=True)
class ConfigGroups:
    """The config groups in `folders`. A group is a subfolder; each of its YAML files is an option.

    If two folders have a file of the same group and name, the file of the first folder is used. The first `installed`
    folders are the one that ships and those of the adapters; the user's folders follow. `root_name`: the root config,
    which lies beside the groups.
    """

    folders: tuple[Path, ...]
    installed: int
    root_name: str = ROOT_CONFIG
    _options: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    _read: dict[tuple[str | None, tuple[tuple[str, str], ...]], dict[str, Any]] = field(
        default_factory=dict, compare=False
    )

    @classmethod
    def beside(cls, config_dirs: Sequence[Path], root_name: str = ROOT_CONFIG) -> ConfigGroups:
        """The installed groups and those of `config_dirs`. UserMistake if one of these is no folder of groups, or none
        of them has a root config of this name."""
        faults = [fault for folder in config_dirs for fault in _folder_faults(folder)]
        installed = installed_folders()
        folders = (*installed, *(given_path(str(folder)).resolve() for folder in config_dirs if not faults))
        roots = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
        if not faults and root_name not in roots:
            faults.append(no_such(f"--config-name {root_name}: there is no such root config", root_name, roots))
        if faults:
            raise UserMistake(faults)
        if not config_dirs and root_name == ROOT_CONFIG:
            return _installed(installed)
        return cls(folders, len(installed), root_name)

    def groups(self) -> tuple[str, ...]:
        """The names of all groups."""
        return tuple(sorted({path.parent.name for folder in self.folders for path in options_in(folder)}))

    def options(self, group: str) -> tuple[str, ...]:
        """The names that may be chosen in a group. They are read once."""
        if group not in self._options:
            names = {path.stem for folder in self.folders for path in options_in(folder, group)}
            self._options[group] = tuple(sorted(names))
        return self._options[group]

    def all_options(self) -> dict[str, tuple[str, ...]]:
        """The options of every group. Lists each folder once: every composition asks for them."""
        names: dict[str, set[str]] = {}
        for folder in self.folders:
            for path in options_in(folder):
                names.setdefault(path.parent.name, set()).add(path.stem)
        return {group: tuple(sorted(names[group])) for group in sorted(names)}

    def root(self, additions: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
        """The root config with its defaults and with these options (group, name); interpolations are not resolved."""
        choices = [tuple(text.split("=", 1)) for text in _in_defaults_list(additions)]
        return self._composed(self.root_name, choices)  # type: ignore[arg-type]

    def chosen(self, group: str, option: str) -> dict[str, Any]:
        """The values that one option sets, by root key: the key of its group, or the keys of its `@package` header."""
        content = self._plain(group, option)
        if content is not None:
            return {group: content}
        return self._composed(None, [(f"+{group}", option)])

    def contents(self, group: str, options: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The content of several files of one group, by name; of one call of Hydra, since each call costs 60 ms."""
        names = sorted(set(options), key=lambda name: (not self._is_installed(group, name), name))
        contents = {name: content for name in names if (content := self._plain(group, name)) is not None}
        names = [name for name in names if name not in contents]
        for _, same_origin in groupby(names, key=lambda name: self._is_installed(group, name)):
            # The keys are numbers, since the dots of a name would split it into a path.
            numbered = {f"n{number}": name for number, name in enumerate(same_origin)}
            tree = self._composed(None, [(f"+{group}@files.{key}", name) for key, name in numbered.items()])
            contents |= {name: tree["files"].get(key) for key, name in numbered.items()}
        if not all(isinstance(content, dict) for content in contents.values()):
            raise UnreadableError("it holds no mapping")
        return contents

    def _plain(self, group: str, option: str) -> dict[str, Any] | None:
        """The content of an installed file that Hydra need not compose; None for any other."""
        return plain_content(self.folders[: self.installed], group, option)

    def _composed(self, config_name: str | None, choices: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """A copy of the composed tree, which is cached: the variants of a study have most of their files in common."""
        chosen = tuple(choices)
        installed = self.folders[: self.installed]
        if (
            (installed, ROOT_CONFIG) != (self.folders, self.root_name)
            and config_name in (None, ROOT_CONFIG)
            and all(self._is_installed(key.lstrip("+").partition("@")[0], name) for key, name in chosen)
        ):
            return _installed(installed)._composed(config_name, chosen)
        if (config_name, chosen) not in self._read:
            self._read[config_name, chosen] = self._compose(config_name, [f"{key}={name}" for key, name in chosen])
        return deepcopy(self._read[config_name, chosen])

    def _is_installed(self, group: str, option: str) -> bool:
        """Whether the option is a file of the installed folders, which refer to none of the user's."""
        return any((folder / group / f"{option}.yaml").is_file() for folder in self.folders[: self.installed])

    def hydra(self, overrides: Iterable[str], additions: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
        """Hydra's own node, with the choices and values of `overrides`; interpolations are not resolved.

        `additions`: options of the root (group, name) that speak of Hydra too.
        """
        chosen = _in_defaults_list(additions)
        root_name = None if self.root_name == ROOT_CONFIG and not chosen else self.root_name
        told = [f"hydra/output={SWEEP_FOLDERS}", *chosen, *overrides]
        tree = self._compose(root_name, told, with_hydra=True)
        return dict(tree["hydra"])

    def info(self, what: str, choices: Sequence[str]) -> str:
        """What Hydra tells of the composition: `searchpath`, `defaults`, `defaults-tree`, `plugins`, `config`, `all`.

        `choices`: overrides that choose options. Raises UserMistake where it cannot be composed.
        """
        import contextlib
        import io
        import logging

        from hydra.core.global_hydra import GlobalHydra
        from hydra.types import RunMode

        root = logging.getLogger()
        before, level, text = list(root.handlers), root.level, io.StringIO()
        try:
            with self._hydra_session() as searched, contextlib.redirect_stdout(text):
                hydra = GlobalHydra.instance().hydra
                assert hydra is not None
                told = [searched, f"hydra/output={SWEEP_FOLDERS}", *choices]
                hydra.show_info(what, config_name=self.root_name, overrides=told, run_mode=RunMode.RUN)
        except Exception as error:
            # Hydra raises many types of exceptions for files that it cannot use.
            raise UserMistake([f"--info {what}: {in_a_line(error)}"]) from None
        finally:
            root.handlers[:] = before
            root.setLevel(level)
        return text.getvalue()

    def _compose(self, config_name: str | None, overrides: Iterable[str], with_hydra: bool = False) -> dict[str, Any]:
        """The tree that Hydra composes. Raises UnreadableError if it cannot."""
        import hydra
        from hydra.errors import MissingConfigException
        from omegaconf import OmegaConf

        try:
            with self._hydra_session() as searched:
                composed = hydra.compose(config_name, [searched, *overrides], return_hydra_config=with_hydra)
            tree: dict[str, Any] = dict(OmegaConf.to_container(composed, resolve=False))  # type: ignore[arg-type]
            mistakes = misfits(tree)
            if mistakes:
                raise FileError("; ".join(mistake.text for mistake in mistakes))
            return tree
        except MissingConfigException as error:
            group, _, option = str(error.missing_cfg_file).rpartition("/")
            raise UnreadableError(no_such(f"there is no {group}={option}", option, error.options or ())) from None
        except Exception as error:
            # Hydra raises many types of exceptions for files that it cannot use.
            raise UnreadableError(in_a_line(error) or in_a_line(error.__cause__ or error)) from None

    @contextmanager
    def _hydra_session(self) -> Iterator[str]:
        """Context in which Hydra composes from these folders; yields the override that names all but the first.

        What Hydra was doing before is as it was at the end, since the caller may itself be a Hydra application.
        """
        import hydra
        from hydra.core.global_hydra import GlobalHydra
        from hydra.core.override_parser.types import Quote, QuotedString
        from hydra.core.singleton import Singleton

        from harness.composition import checked_source

        main, *others = self.folders
        urls = [QuotedString(f"{checked_source.SCHEME}://{folder}", Quote.single).with_quotes() for folder in others]
        hydra_state = Singleton.get_state()
        GlobalHydra.instance().clear()
        try:
            with hydra.initialize_config_dir(str(main), version_base="1.3"):
                checked_source.register()
                if self.root_name != ROOT_CONFIG:
                    _search_for_root(others)
                yield f"hydra.searchpath=[{','.join(urls)}]"
        finally:
            Singleton.set_state(hydra_state)


def _search_for_root(folders: Iterable[Path]) -> None:
    """Lets Hydra find the root config in these folders too, which it would search for all else only."""
    from hydra._internal.config_repository import ConfigRepository
    from hydra.core.global_hydra import GlobalHydra

    from harness.composition import checked_source

    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    loader: Any = hydra.config_loader
    schema = loader.config_search_path.get_path().pop()  # it stays the last
    for folder in folders:
        loader.config_search_path.append("twinrun", f"{checked_source.SCHEME}://{folder}")
    loader.config_search_path.get_path().append(schema)
    loader.repository = ConfigRepository(loader.config_search_path)


def _in_defaults_list(additions: Iterable[tuple[str, str]]) -> list[str]:
    """The choices as overrides. The defaults list has an experiment, which is replaced; other groups are added."""
    return [f"{'' if group == 'experiment' else '+'}{group}={option}" for group, option in additions]


def _folder_faults(folder: Path) -> list[str]:
    """The reasons why a user's folder is no folder of groups, or has files that no override can name."""
    shown = printable(str(folder))
    try:
        path = given_path(str(folder))
        files = sorted(options_in(path)) if path.is_dir() else None
    except (FileError, OSError) as error:
        return [f"--config-dir {shown}: {error}"]
    if files is None:
        return [f"{shown}: not a folder of config groups"]
    groups = {file.parent.name for file in files}
    invalid = [f"the folder {name}" for name in sorted(groups) if not _can_be_typed(name) or name in _TAKEN]
    invalid += [f"the file {file.parent.name}/{file.name}" for file in files if not _can_be_typed(file.stem)]
    rule = "a group and an option begin with a letter, go on with letters, digits, _, - and single dots or spaces"
    reserved = f"; no group is called {', '.join(_TAKEN)}, and neither is called {', '.join(_CONSTANTS)}"
    return [f"--config-dir {shown}: {printable(name)!r} cannot be chosen: {rule}{reserved}" for name in invalid[:10]]


def _can_be_typed(name: str) -> bool:
    """Whether Hydra reads the name as a name."""
    return _NAME.fullmatch(name) is not None and name.lower() not in _CONSTANTS


@cache
def _installed(folders: tuple[Path, ...]) -> ConfigGroups:
    """The installed groups alone, cached because they do not change during a process."""
    return ConfigGroups(folders, len(folders))
