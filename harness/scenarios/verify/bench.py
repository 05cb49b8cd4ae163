"""A bench, and a scaling: what of them follows from the blocks that were timed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

from harness.records.timing import ProcessRecord, Row
from harness.results.files import read_experiment, read_spec, read_verdicts
from harness.results.marker import MARKER
from harness.results.recorded import EXPERIMENT, VERDICTS
from harness.results.scalings import SCALING, place_of, read_scaling
from harness.results.timings import BASE_CHECK, BENCH, CHECK, PROCESSES, Timings, read_timings
from harness.scenarios.bench.credit import credits
from harness.scenarios.bench.process import TIMES, Blocks
from harness.scenarios.bench.start import scaling_outcome
from harness.scenarios.verify.check import Check, field_differences, held, table_differences
from harness.scenarios.verify.others import pair_checks
from harness.scenarios.verify.run import run_checks, verdict_table
from harness.scenarios.verify.whole import Pages, marker_check, page_checks, state_checks
from harness.subjects.bench import outcome
from harness.subjects.bench.summary import ratios, summaries
from harness.subjects.gate.in_turns import Looks
from harness.subjects.pair.records import PAIR, is_pair
from harness.subjects.pair.spec import Pair

SAMPLES = "the samples"


def bench_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a bench, and of the ladder that it climbed."""
    checks = state_checks(folder, "bench")
    readable = list(held(BENCH, SAMPLES, lambda: _bench_differences(folder)))
    checks += readable
    if readable[0].answer != "damaged":
        timings = read_timings(folder)
        for process in timings.processes:
            checks += held(PROCESSES, SAMPLES, partial(_process_differences, timings, process))
        checks += _credit_checks(folder, timings)
        checks += held(VERDICTS, SAMPLES, lambda: _verdict_differences(folder, timings))
        checks += marker_check(folder, outcome.exit_code(timings), outcome.in_one_line(timings))
    for place in (CHECK, BASE_CHECK):
        if (folder / place / MARKER).exists():
            of_ladder = pair_checks if is_pair(folder / place) else run_checks
            checks += [check.below(place) for check in of_ladder(folder / place, pages)]
    return [*checks, *page_checks(folder, pages, checks)]


def scaling_checks(folder: Path, pages: Pages) -> list[Check]:
    """The checks of a scaling, and of the bench of each of its values."""
    checks = state_checks(folder, "bench")
    readable = list(held(SCALING, "its benches", lambda: _missing_benches(folder)))
    checks += readable
    if readable[0].answer == "follows":
        record = read_scaling(folder)
        places = [place_of(number) for number in range(len(record.values))]
        of_benches = {place: bench_checks(folder / place, pages) for place in places}
        checks += [check.below(place) for place, found in of_benches.items() for check in found]
        if not any(check.answer == "damaged" for found in of_benches.values() for check in found):
            codes = [outcome.exit_code(read_timings(folder / place)) for place in places]
            checks += marker_check(folder, *scaling_outcome(record, codes))
    return [*checks, *page_checks(folder, pages, checks)]


def _missing_benches(folder: Path) -> Iterator[str]:
    for number in range(len(read_scaling(folder).values)):
        if not (folder / place_of(number) / BENCH).is_file():
            yield f"has no bench in {place_of(number)}"


def _bench_differences(folder: Path) -> Iterator[str]:
    """Of `bench.json`: the whole rounds, and whether the intervals are as narrow as the reason of its end says."""
    timings = read_timings(folder)
    bench = timings.bench
    rounds = 1 + max((process.round for process in timings.processes), default=-1)
    yield from field_differences({"rounds": bench.rounds}, {"rounds": rounds})
    if bench.ended == "precision":
        asked = bench.measurement.precision
        widest = max((interval.relative_half_width for interval in ratios(summaries(timings))), default=0.0)
        if widest > asked:
            yield f"ended is 'precision', and an interval reaches {widest:.2%} to either side; asked for was {asked:g}"
    if bench.ended in ("first look", "last look"):
        yield from _look_differences(timings)


def _look_differences(timings: Timings) -> Iterator[str]:
    """Of a gate that timed head and base in turns: whether its looks end it as it says."""
    first = timings.bench.measurement.processes
    looks = Looks(first)
    unspent = {"elapsed_s": 0.0, "round_s": 0.0, "budget_s": 1.0}
    expected = looks.why_ended(timings, timings.bench.rounds, **unspent)
    if timings.bench.ended != expected:
        rounds = f"after {timings.bench.rounds} rounds, with a first look at {first}"
        yield f"ended is {timings.bench.ended!r} {rounds}, and {expected or 'another round'!r} follows"


def _process_differences(timings: Timings, process: ProcessRecord) -> Iterator[str]:
    """Of one process: its phases, the end of its warm-up and its blocks."""
    table = timings.samples[timings.samples["process"].eq(process.number)].sort_values("block")
    blocks = Blocks(process.batch_size)
    blocks.parts, blocks.steps = table["part"].tolist(), [int(steps) for steps in table["steps"]]
    blocks.times = list(zip(*(table[name].tolist() for name in TIMES), strict=True))
    phases = {f"{name}_s": value for name, value in blocks.phases().items()}
    expected: dict[str, object] = dict(phases)
    recorded: dict[str, object] = {name: getattr(process.phases, name) for name in phases}
    if process.failure is None:
        expected |= {"wall_s": sum(process.phases.by_name.values())}
        recorded |= {"wall_s": process.wall_s}
        if not process.is_control:
            recorded |= process.model_dump(include={"steady_from", "steady_blocks", "settled"})
            recorded["parts"] = _runs(blocks.parts)
            start, settled = blocks.find_warm_up()  # marks the parts again
            expected |= {"steady_from": start, "settled": settled, "parts": _runs(blocks.parts)}
            expected["steady_blocks"] = blocks.parts.count("steady")
    for difference in field_differences(recorded, expected):
        yield f"process {process.number} ({process.row}): {difference}"


def _runs(parts: list[str]) -> list[str]:
    """How many blocks of each part follow each other."""
    return [f"{len(list(group))} {part}" for part, group in groupby(parts)]


def _credit_checks(folder: Path, timings: Timings) -> Iterator[Check]:
    """The parity of each row, from the verdicts of the ladder. That of a loop of users rests on losses, not kept."""
    for place in (CHECK, BASE_CHECK):
        rows = [
            row
            for row in timings.bench.rows
            if not row.loop and row.credit is not None and row.credit.source and bool(row.base_of) == (place != CHECK)
        ]
        if rows:
            yield from _credits_held(folder, place, rows)


def _credits_held(folder: Path, place: str, rows: list[Row]) -> Iterator[Check]:
    """The same of rows whose verdicts are in the folder `place` of the bench, or where the rows say."""
    stated = Path(rows[0].credit.source if rows[0].credit is not None else "")
    own = folder / place
    source = own if (own / VERDICTS).exists() else stated
    if not (source / VERDICTS).is_file():
        yield Check(BENCH, "the ladder", "unverified", f"the verdicts on which its parity rests are gone: {stated}")
        return
    yield from held(BENCH, "the ladder", lambda: _credit_differences(folder, source, rows))


def _credit_differences(folder: Path, source: Path, rows: list[Row]) -> Iterator[str]:
    arms = read_spec(folder / PAIR, Pair, "pair").arms if is_pair(folder) else read_experiment(folder / EXPERIMENT).arms
    read_verdicts(source / VERDICTS)  # as damaged, not as a parity that is not known
    by_arm = credits(source, arms)
    for row in rows:
        assert row.credit is not None  # rows without are left out
        fields = {"status", "cause"}
        recorded, expected = row.credit.model_dump(include=fields), by_arm[row.arm].model_dump(include=fields)
        for difference in field_differences(recorded, expected):
            yield f"row {row.name}: {difference}"


def _verdict_differences(folder: Path, timings: Timings) -> Iterator[str]:
    recorded = read_verdicts(folder / VERDICTS)
    expected = verdict_table(outcome.verdicts(timings))
    yield from table_differences(verdict_table(recorded), expected, ("rung", "subject"))
