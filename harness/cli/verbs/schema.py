"""`twinrun schema`."""

from __future__ import annotations

import argparse
from typing import Any

from harness.cli.verb import Verb, require_known


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments of the verb."""
    sub.add_argument("section", nargs="?", help="only this part of it: schedule, model, arms, ...")


def run(options: argparse.Namespace) -> int:
    """Prints the JSON schema of an experiment or of a section. Returns 0."""
    import json

    from pydantic import TypeAdapter

    from harness.composition.stated import StatedExperiment

    sections: dict[str, Any] = {
        name: field.rebuild_annotation() for name, field in StatedExperiment.model_fields.items()
    }
    if options.section is not None:
        require_known("section", options.section, sections)
    section_type = StatedExperiment if options.section is None else sections[options.section]
    print(json.dumps(TypeAdapter(section_type).json_schema(), indent=2))
    return 0


VERB = Verb("schema", "print the JSON schema of an experiment, for editors", run, add_arguments)
