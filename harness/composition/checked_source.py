"""Hydra's reader of config folders, for the user's folders: each file is checked before Hydra reads it."""

from __future__ import annotations

from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.plugins.config_source import ConfigLoadError, ConfigResult

from harness.composition.limits import OMEGACONF_NODES
from harness.composition.yaml_files import checked_yaml
from harness.system.files import FileError

SCHEME = "checked"


class CheckedConfigSource(FileConfigSource):
    """The config folder at `checked://PATH`."""

    @staticmethod
    def scheme() -> str:
        """The prefix by which Hydra selects this class."""
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        """The config of one file. Raises ConfigLoadError if it is no YAML file or exceeds the limits."""
        file = Path(self.path) / self._normalize_file_name(config_path)
        try:
            checked_yaml(file, OMEGACONF_NODES)
        except FileError as error:
            raise ConfigLoadError(f"{file}: {error}") from None
        return super().load_config(config_path)


def register() -> None:
    """Registers the scheme with Hydra."""
    SourcesRegistry.instance().register(CheckedConfigSource)
