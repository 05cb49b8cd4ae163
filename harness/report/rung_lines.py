"""One line for each rung: its checks, how they ended, the largest share of a tolerance, and where that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.text import Text

from harness.records.verdict import Verdict
from harness.report.tables import coloured, line

GOOD = ("agrees", "known")


@dataclass(frozen=True)
class RungLine:
    """A rung in one line. `status`: those of its checks that disagree, else `agrees`; empty without checks.

    `share`: of the checks with that status, the largest error as a share of its tolerance; None where none was
    measured. `where`: the check and the place in it.
    """

    rung: str
    checks: int
    known: int
    status: str
    share: float | None
    where: str

    @classmethod
    def of(cls, rung: str, verdicts: Sequence[Verdict]) -> RungLine:
        """The line of a rung with these verdicts."""
        disagreeing = [verdict for verdict in verdicts if verdict.status not in GOOD]
        status = ", ".join(dict.fromkeys(verdict.status for verdict in disagreeing)) or "agrees" * bool(verdicts)
        # The first that disagrees is the place to look at; of checks that agree, the one nearest to its tolerance.
        shown = disagreeing[:1] or [v for v in verdicts if v.status == "agrees"]
        measured = [verdict for verdict in shown if verdict.error_over_tolerance is not None]
        worst = max(measured, key=lambda verdict: verdict.error_over_tolerance or 0.0, default=None)
        worst = worst or (disagreeing[0] if disagreeing else None)
        where = "" if worst is None else ", ".join(filter(None, (worst.subject, worst.worst_index)))
        share = None if worst is None else worst.error_over_tolerance
        return cls(rung, len(verdicts), len(verdicts) - len(disagreeing) - _agreeing(verdicts), status, share, where)

    def fields(self) -> dict[str, Any]:
        """The line by the names of its fields."""
        return asdict(self)

    def text(self) -> Text:
        """The line for a terminal."""
        count = f"{self.checks} check{'s' * (self.checks != 1)}"
        known = f", {self.known} known" if self.known else ""
        outcome = line(coloured(self.status or "nothing to compare"), known)
        outcome.pad_right(max(0, OUTCOME_WIDTH - len(outcome)))
        share = "" if self.share is None else f"{self.share:.1%}"
        text = line("  rung ", (f"{self.rung:<{NAME_WIDTH}}", "bold"), f"{count:<{COUNT_WIDTH - 1}} ")
        text.append_text(outcome)
        text.append_text(line(f"{share:>{SHARE_WIDTH}}  {self.where}" if self.where else ""))
        text.rstrip()
        return text


MOST = 8  # of what fits on a screen
NAME_WIDTH, COUNT_WIDTH, OUTCOME_WIDTH, SHARE_WIDTH = 12, 10, 15, 7


def within(place: str, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts with the place of their run, such as a variant, before their subjects."""
    if not place:
        return list(verdicts)
    return [verdict.model_copy(update={"subject": f"{place}: {verdict.subject}"}) for verdict in verdicts]


def disagreements(verdicts: Sequence[Verdict], beside: Verdict | None = None) -> list[str]:
    """A line for each check that disagrees, with its cause, without the one that the outcome's sentence is about."""
    others = [v for v in verdicts if v.status not in GOOD and v.cause and v is not beside]
    return first_few([f"{v.rung}, {v.subject}: {v.status}: {v.cause}" for v in others])


def first_few(lines: Sequence[str]) -> list[str]:
    """As many of the lines as fit on a screen, and how many more there are."""
    return [*lines[:MOST], *[f"{len(lines) - MOST} more are in report.md"] * (len(lines) > MOST)]


def _agreeing(verdicts: Sequence[Verdict]) -> int:
    return sum(verdict.status == "agrees" for verdict in verdicts)
