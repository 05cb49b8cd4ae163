"""What Hydra's node says of one run: variables of its environment, logging, callbacks."""

from __future__ import annotations

import logging.config
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.composition.mistakes import UserMistake
from harness.composition.sweep.hydra_options import HydraNode
from harness.records.failure import in_one_line


@contextmanager
def hydra_run(node: HydraNode) -> Iterator[None]:
    """Context with the variables of `hydra.job.env_set`, and logging where it was typed; callbacks at its ends."""
    from hydra._internal.callbacks import Callbacks
    from omegaconf import OmegaConf

    logs = ("job_logging",) if node.says_logging else ()
    found = node.resolved({}, "callbacks", "job.env_set", *logs, num=0, output_dir=".")
    before = {name: os.environ.get(name) for name in found["job.env_set"]}
    os.environ.update({str(name): str(value) for name, value in found["job.env_set"].items()})
    if logs:
        configure_logging(found["job_logging"])
    config = OmegaConf.create({"hydra": {"callbacks": found["callbacks"]}})
    callbacks: Any = Callbacks(config)
    callbacks.on_run_start(config=config)
    try:
        yield
    finally:
        callbacks.on_run_end(config=config)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def configure_logging(settings: dict[str, Any]) -> None:
    """Python's logging as a node of Hydra states it. Raises UserMistake where it cannot be set up."""
    if not settings or "version" not in settings:  # hydra/job_logging=none
        return
    try:
        logging.config.dictConfig(settings)
    except (ValueError, OSError, TypeError, AttributeError, ImportError) as error:
        raise UserMistake([f"hydra.job_logging: it cannot be set up ({in_one_line(error)})"]) from None
