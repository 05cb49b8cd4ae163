"""The folders of YAML files that experiments are composed from: what they hold, and Hydra as their reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from harness.composition.mistakes import UserMistake, no_such

ROOT_CONFIG = "config"


class UnreadableError(Exception):
    """A file of a group that Hydra cannot compose."""


def conf_dir() -> Path:
    """The folder of the groups that ship: inside the package once it is installed, else the checkout's `conf`."""
    package = Path(__file__).parents[1]
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parent / "conf"


@dataclass(frozen=True)
class ConfigGroups:
    """The shipped groups and the user's own. A group is a subfolder, an option of it a YAML file.

    Where two folders have a file of the same group and name, the first folder's is used, and the shipped come first.
    """

    folders: tuple[Path, ...]
    _read: dict[tuple[str | None, tuple[str, ...]], dict[str, Any]] = field(default_factory=dict, compare=False)

    @classmethod
    def beside(cls, config_dirs: Sequence[Path]) -> ConfigGroups:
        """The shipped groups with those of `config_dirs`; UserMistake where one of these is not a folder."""
        missing = [f"{folder}: not a folder of config groups" for folder in config_dirs if not Path(folder).is_dir()]
        if missing:
            raise UserMistake(missing)
        if not config_dirs:
            return _shipped(conf_dir())
        return cls((conf_dir(), *(Path(folder).resolve() for folder in config_dirs)))

    def groups(self) -> tuple[str, ...]:
        """The names of all groups."""
        found = {path.parent.name for folder in self.folders for path in folder.glob("*/*.yaml")}
        return tuple(sorted(found))

    def options(self, group: str) -> tuple[str, ...]:
        """The names that may be chosen in a group."""
        return tuple(sorted({path.stem for folder in self.folders for path in folder.glob(f"{group}/*.yaml")}))

    def all_options(self) -> dict[str, tuple[str, ...]]:
        """The options of every group."""
        return {group: self.options(group) for group in self.groups()}

    def root(self, additions: Iterable[str] = ()) -> dict[str, Any]:
        """The root config with its defaults, interpolations still in place. `additions` are Hydra group overrides."""
        return self._composed(ROOT_CONFIG, additions)

    def chosen(self, group: str, option: str) -> dict[str, Any]:
        """What one option sets, by root key: its own group's key, or others by its `@package` header."""
        return self._composed(None, [f"+{group}={option}"])

    def contents(self, group: str, options: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The content of several files of one group, by name; all in one call, since each call costs 40 ms."""
        names = sorted(set(options))
        # By number, since a name may have dots, which would split it into a path.
        tree = self._composed(None, [f"+{group}@files.n{i}={name}" for i, name in enumerate(names)])
        return {name: tree["files"][f"n{i}"] for i, name in enumerate(names)} if names else {}

    def _composed(self, config_name: str | None, overrides: Iterable[str]) -> dict[str, Any]:
        """Read once, however often it is asked for: the variants of a study have most of their files in common."""
        asked = (config_name, tuple(overrides))
        if asked not in self._read:
            self._read[asked] = self._compose(*asked)
        return deepcopy(self._read[asked])

    def _compose(self, config_name: str | None, overrides: Iterable[str]) -> dict[str, Any]:
        import hydra
        import yaml
        from hydra.core.global_hydra import GlobalHydra
        from hydra.core.override_parser.types import Quote, QuotedString
        from hydra.core.singleton import Singleton
        from hydra.errors import HydraException, MissingConfigException
        from omegaconf import OmegaConf

        main, *others = self.folders
        urls = [QuotedString(f"file://{folder}", Quote.single).with_quotes() for folder in others]
        around = Singleton.get_state()
        GlobalHydra.instance().clear()  # the caller may itself be a Hydra application
        try:
            with hydra.initialize_config_dir(str(main), version_base="1.3"):
                composed = hydra.compose(config_name, [f"hydra.searchpath=[{','.join(urls)}]", *overrides])
            return dict(OmegaConf.to_container(composed, resolve=False))  # type: ignore[arg-type]
        except MissingConfigException as error:
            group, _, option = str(error.missing_cfg_file).rpartition("/")
            raise UnreadableError(no_such(f"there is no {group}={option}", option, error.options or ())) from None
        except (HydraException, yaml.YAMLError, UnicodeError, OSError) as error:
            cause = str(error) or str(error.__cause__)
            raise UnreadableError(" ".join(cause.split())) from None
        finally:
            Singleton.set_state(around)


@cache
def _shipped(folder: Path) -> ConfigGroups:
    """The groups that ship alone: they do not change while a process lives, so it reads each file once."""
    return ConfigGroups((folder,))
