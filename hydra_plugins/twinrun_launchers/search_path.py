"""Puts the nodes of the launchers on the search path of every Hydra application, behind the application's own."""

from __future__ import annotations

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class TwinrunSearchPath(SearchPathPlugin):
    """Files rather than structured configs: those would be schemas for twinrun's own files of the same names."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Adds the folder `conf` of this package."""
        search_path.append(provider="twinrun", path="pkg://hydra_plugins.twinrun_launchers.conf")
