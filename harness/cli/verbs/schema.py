"""`twinrun schema`."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.verb import Verb, known


def add_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("section", nargs="?", help="only this part of it: schedule, model, arms, ...")


def run(chosen: argparse.Namespace) -> int:
    import json

    from pydantic import TypeAdapter

    from harness.composition.stated import StatedExperiment

    sections: dict[str, Any] = {
        name: field.rebuild_annotation() for name, field in StatedExperiment.model_fields.items()
    }
    if chosen.section is not None:
        known("section", chosen.section, sections)
    wanted = StatedExperiment if chosen.section is None else sections[chosen.section]
    print(json.dumps(TypeAdapter(wanted).json_schema(), indent=2))
    return 0


VERB = Verb("schema", "print the JSON schema of an experiment, for editors", run, add_arguments)
