"""`docs/advice.md`: its commands can be given, its forms exist, and its last lines are about them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harness.composition import compose
from harness.diagnosis.known_forms import FORMS
from harness.spec.changes import changed

PAGE = Path(__file__).parents[2] / "docs" / "advice.md"
ROWS = re.findall(r"^\| (.+?) \| `twinrun check (.+?)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_eight_are_there_and_all_others_named() -> None:
    assert [form for form, _, _ in ROWS] == [form.name for form in FORMS[:8]]
    said = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert [form.name for form in FORMS if form.name not in said] == []


@pytest.mark.parametrize(("form", "command", "last_line"), ROWS, ids=[form for form, _, _ in ROWS])
def test_a_command_plants_what_its_last_line_tells(form: str, command: str, last_line: str) -> None:
    experiment = compose(shlex.split(command)).experiment
    ((arm, spec),) = ((arm.name, arm.spec) for arm in experiment.arms if arm.spec)
    ((path, value),) = spec.items()
    assert changed(experiment, spec) != experiment
    shown = str(value).lower() if isinstance(value, bool) else value
    assert f"cause: {form} ({arm} computes {path}: {shown}, the spec says " in last_line
    assert f"{arm} with {path}: " in last_line.partition("spec that makes them equal: ")[2]
    assert last_line.count("rung run again with it: agrees") == 2
