"""What `export to=hosts` says, and `compare` of what was recorded on several hosts."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.detail import ONLY_THE_END, Detail
from harness.report.tables import SCREEN_WIDTH, console
from harness.scenarios.hosts.export import Exported
from harness.system.files import in_units
from harness.system.output import say_on_stderr

ASK_FURTHER = (
    "to go down to the place of the divergence, and to prove advice, ask the arms on their hosts, then compare again:"
)


def show_exported(exported: Exported) -> None:
    """Says what was written, and the command for each host."""
    screen = console(SCREEN_WIDTH)
    size = in_units(exported.path.stat().st_size)
    what = f"plan {exported.plan.digest[:16]}, {exported.plan.steps:,} steps, {exported.questions} rungs to answer"
    screen.print(f"exported {exported.experiment.name}: {exported.path} ({size}), {what}", soft_wrap=True)
    if exported.cost is not None:
        screen.print(f"cost: {exported.cost.in_words}", soft_wrap=True)
    for arm in exported.experiment.arms:
        screen.print(f"  twinrun record arm={arm.name} from={exported.path.name}", soft_wrap=True)


def show_commands(commands: Sequence[str], detail: Detail) -> None:
    """Says what is to be run where; nothing without commands. On standard error where only the end is printed."""
    lines = [ASK_FURTHER, *(f"  {command}" for command in commands)] if commands else []
    screen = console(SCREEN_WIDTH)
    for text in lines:
        if detail in ONLY_THE_END:
            say_on_stderr(text)
        else:
            screen.print(text, soft_wrap=True)
