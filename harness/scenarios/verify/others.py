"""The check of a pair, and a comparison: their outcome from their verdicts, and their page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.records import outcome
from harness.results.files import read_object, read_verdicts
from harness.results.marker import MARKER
from harness.results.recorded import VERDICTS
from harness.scenarios.pair.outcome import coverage, in_one_sentence
from harness.scenarios.verify.check import Check, damaged, field_differences, held, names, unreadable
from harness.scenarios.verify.whole import Pages, marker_check, page_checks, state_checks
from harness.subjects.pair.records import read_pair
from harness.subjects.recorded.facts import COMPARISON, read_facts


def pair_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a pair. Its sides' steps and weights must also fit what their traces say of them."""
    recorded = read_pair(folder)
    checks = list(damaged(recorded.run.all_failures, "the records beside it"))
    broken = unreadable(VERDICTS, lambda: read_verdicts(folder / VERDICTS))
    checks += [check for check in broken if not names(checks, VERDICTS)]
    if recorded.pair is not None and not broken:
        verdicts = read_verdicts(folder / VERDICTS)
        traces = {name: arm.trace for name, arm in recorded.run.arms.items()}
        code = outcome.exit_code(verdicts, list(traces.values()))
        sentence = in_one_sentence(recorded.pair.name, traces, verdicts, code, None)
        checks += marker_check(folder, code, sentence, coverage(recorded.pair, verdicts))
    return [*checks, *page_checks(folder, pages, checks)]


def comparison_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a comparison. What it says of the two runs is said again by `compare`, not here."""
    checks = state_checks(folder, "comparison")
    checks += held(COMPARISON, "the verdicts", lambda: _count_differences(folder))
    checks += held(MARKER, "the verdicts", lambda: _code_differences(folder))
    return [*checks, *page_checks(folder, pages, checks)]


def _count_differences(folder: Path) -> Iterator[str]:
    parts = sum(part.verdicts for part in read_facts(folder / COMPARISON).parts)
    count = len(read_verdicts(folder / VERDICTS))
    if parts != count:
        yield f"has parts of {parts} verdicts, and there are {count}"


def _code_differences(folder: Path) -> Iterator[str]:
    code = outcome.exit_code(read_verdicts(folder / VERDICTS), [])
    yield from field_differences(read_object(folder / MARKER), {"exit_code": code})
