"""What `export to=hosts` says, and `compare` of what was recorded on several hosts."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.tables import SCREEN_WIDTH, console
from harness.scenarios.hosts.export import Exported
from harness.system.files import in_units

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


def show_commands(commands: Sequence[str]) -> None:
    """Says what is to be run where; nothing without commands."""
    if commands:
        screen = console(SCREEN_WIDTH)
        screen.print(ASK_FURTHER, soft_wrap=True)
        for command in commands:
            screen.print(f"  {command}", soft_wrap=True)
