"""The folders of YAML files that experiments are composed from: what they hold, and Hydra as their reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.composition.limits import misfits
from harness.composition.mistakes import SETTINGS, UserMistake, no_such
from harness.composition.yaml_files import in_a_line
from harness.system.config_folders import installed_folders, options_in
from harness.system.files import FileError, given_path
from harness.system.text import printable

ROOT_CONFIG = "config"
# Hydra reads other names as numbers, as constants, or as parts of a path.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:[. ][A-Za-z0-9_-]+)*")
_CONSTANTS = ("null", "true", "false", "inf", "nan")
_TAKEN = ("hydra", "defaults", "from", "pair", *(key for key in SETTINGS if key != "arm"))


class UnreadableError(Exception):
    """A file of a group that Hydra cannot compose."""


@dataclass(frozen=True)
class ConfigGroups:
    """The installed groups and the user's own. A group is a subfolder, an option of it a YAML file.

    Where two folders have a file of the same group and name, the first folder's is used. The folder that ships comes
    first, then those of the adapters, all of which are `installed`, then the user's.
    """

    folders: tuple[Path, ...]
    installed: int
    _read: dict[tuple[str | None, tuple[tuple[str, str], ...]], dict[str, Any]] = field(
        default_factory=dict, compare=False
    )

    @classmethod
    def beside(cls, config_dirs: Sequence[Path]) -> ConfigGroups:
        """The installed groups with those of `config_dirs`; UserMistake where one of these is no folder of groups."""
        wrong = [fault for folder in config_dirs for fault in _folder_faults(folder)]
        if wrong:
            raise UserMistake(wrong)
        installed = installed_folders()
        if not config_dirs:
            return _installed(installed)
        return cls((*installed, *(given_path(str(folder)).resolve() for folder in config_dirs)), len(installed))

    def groups(self) -> tuple[str, ...]:
        """The names of all groups."""
        return tuple(sorted({path.parent.name for folder in self.folders for path in options_in(folder)}))

    def options(self, group: str) -> tuple[str, ...]:
        """The names that may be chosen in a group."""
        return tuple(sorted({path.stem for folder in self.folders for path in options_in(folder, group)}))

    def all_options(self) -> dict[str, tuple[str, ...]]:
        """The options of every group."""
        return {group: self.options(group) for group in self.groups()}

    def root(self, additions: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
        """The root config with its defaults, interpolations still in place, and with these options of groups."""
        # Hydra has the experiment in its defaults list; a group of the user's own is added to it.
        named = [(f"{'' if group == 'experiment' else '+'}{group}", option) for group, option in additions]
        return self._composed(ROOT_CONFIG, named)

    def chosen(self, group: str, option: str) -> dict[str, Any]:
        """What one option sets, by root key: its own group's key, or others by its `@package` header."""
        return self._composed(None, [(f"+{group}", option)])

    def contents(self, group: str, options: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The content of several files of one group, by name; all in one call, since each call costs 40 ms."""
        names = sorted(set(options), key=lambda name: (not self._is_installed(group, name), name))
        found: dict[str, dict[str, Any]] = {}
        for _, alike in groupby(names, key=lambda name: self._is_installed(group, name)):
            # By number, since a name may have dots, which would split it into a path.
            numbered = {f"n{number}": name for number, name in enumerate(alike)}
            tree = self._composed(None, [(f"+{group}@files.{key}", name) for key, name in numbered.items()])
            found |= {name: tree["files"].get(key) for key, name in numbered.items()}
        if not all(isinstance(content, dict) for content in found.values()):
            raise UnreadableError("it holds no mapping")
        return found

    def _composed(self, config_name: str | None, choices: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Read once, however often it is asked for: the variants of a study have most of their files in common."""
        asked = tuple(choices)
        below = self.folders[: self.installed]
        if below != self.folders and all(
            self._is_installed(key.lstrip("+").partition("@")[0], name) for key, name in asked
        ):
            return _installed(below)._composed(config_name, asked)
        if (config_name, asked) not in self._read:
            self._read[config_name, asked] = self._compose(config_name, [f"{key}={name}" for key, name in asked])
        return deepcopy(self._read[config_name, asked])

    def _is_installed(self, group: str, option: str) -> bool:
        """Whether it is a file of the installed folders, which know nothing of the user's."""
        return any((folder / group / f"{option}.yaml").is_file() for folder in self.folders[: self.installed])

    def _compose(self, config_name: str | None, overrides: Iterable[str]) -> dict[str, Any]:
        import hydra
        from hydra.core.global_hydra import GlobalHydra
        from hydra.core.override_parser.types import Quote, QuotedString
        from hydra.core.singleton import Singleton
        from hydra.errors import MissingConfigException
        from omegaconf import OmegaConf

        from harness.composition import checked_source

        main, *others = self.folders
        urls = [QuotedString(f"{checked_source.SCHEME}://{folder}", Quote.single).with_quotes() for folder in others]
        around = Singleton.get_state()
        GlobalHydra.instance().clear()  # the caller may itself be a Hydra application
        try:
            with hydra.initialize_config_dir(str(main), version_base="1.3"):
                checked_source.register()
                composed = hydra.compose(config_name, [f"hydra.searchpath=[{','.join(urls)}]", *overrides])
            tree: dict[str, Any] = dict(OmegaConf.to_container(composed, resolve=False))  # type: ignore[arg-type]
            wrong = misfits(tree)
            if wrong:
                raise FileError("; ".join(mistake.text for mistake in wrong))
            return tree
        except MissingConfigException as error:
            group, _, option = str(error.missing_cfg_file).rpartition("/")
            raise UnreadableError(no_such(f"there is no {group}={option}", option, error.options or ())) from None
        except Exception as error:
            # Any: what Hydra raises for a file that it cannot use depends on where it stumbles.
            raise UnreadableError(in_a_line(error) or in_a_line(error.__cause__ or error)) from None
        finally:
            Singleton.set_state(around)


def _folder_faults(folder: Path) -> list[str]:
    """Why a folder of the user's is none of groups, or holds files that no override could name."""
    shown = printable(str(folder))
    try:
        found = given_path(str(folder))
        files = sorted(options_in(found)) if found.is_dir() else None
    except (FileError, OSError) as error:
        return [f"--config-dir {shown}: {error}"]
    if files is None:
        return [f"{shown}: not a folder of config groups"]
    odd = {file.parent.name for file in files if not _can_be_typed(file.parent.name) or file.parent.name in _TAKEN}
    named = [f"the folder {name}" for name in sorted(odd)]
    named += [f"the file {file.parent.name}/{file.name}" for file in files if not _can_be_typed(file.stem)]
    rule = "a group and an option begin with a letter, go on with letters, digits, _, - and single dots or spaces"
    reserved = f"; no group is called {', '.join(_TAKEN)}, and neither is called {', '.join(_CONSTANTS)}"
    return [f"--config-dir {shown}: {printable(name)!r} cannot be chosen: {rule}{reserved}" for name in named[:10]]


def _can_be_typed(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name.lower() not in _CONSTANTS


@cache
def _installed(folders: tuple[Path, ...]) -> ConfigGroups:
    """The installed groups alone: they do not change while a process lives, so it reads each file once."""
    return ConfigGroups(folders, len(folders))
