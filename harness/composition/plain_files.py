"""Reads option files that refer to no other file. Hydra takes 60 ms for each of them, most of it for its own config."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from harness.composition.limits import OMEGACONF_NODES, misfits
from harness.composition.yaml_files import checked_yaml
from harness.system.files import FileError


def plain_content(folders: tuple[Path, ...], group: str, option: str) -> dict[str, Any] | None:
    """A copy of the content of the first such file, which is cached, with interpolations unresolved.

    None if Hydra must compose it: the file has defaults or an `@package` header, does not exist or cannot be read.
    """
    file = next((file for folder in folders if (file := folder / group / f"{option}.yaml").is_file()), None)
    return None if file is None else deepcopy(_content(file))


@cache
def _content(file: Path) -> dict[str, Any] | None:
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        if "@package" in checked_yaml(file, OMEGACONF_NODES):
            return None
        config = OmegaConf.load(file)
        content: Any = OmegaConf.to_container(config, resolve=False) if isinstance(config, DictConfig) else None
    except (FileError, OSError, OmegaConfBaseException, ValueError, TypeError):
        return None
    return None if not content or "defaults" in content or misfits(content) else content
