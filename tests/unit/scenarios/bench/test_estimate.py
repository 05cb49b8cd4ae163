"""What a bench is estimated to cost, and how much of a row a process times."""

from __future__ import annotations

import numpy as np
import pytest

from harness.records.timing import Bench, Measurement, Row
from harness.report.bench import cost_in_words
from harness.scenarios.bench.estimate import (
    SPREAD,
    Pilot,
    estimated,
    resolution,
    resolution_of_gate,
    sizes,
    sizes_of_sides,
)


def test_blocks_are_of_equal_length() -> None:
    pilots = {"fast": Pilot(5.0, 0.010, 20), "slow": Pilot(7.0, 0.100, 20)}
    chosen = sizes(pilots, left_s=1000.0, processes=5)
    assert {size.block_steps for size in chosen.values()} == {2}  # 20 blocks of 2 steps of 0.1 s are 4 of 5 s
    assert chosen["fast"].blocks > chosen["slow"].blocks >= 20
    assert all(size.with_epoch for size in chosen.values())


def test_a_short_epoch_is_one_block() -> None:
    assert sizes({"fast": Pilot(5.0, 0.001, 20)}, 1000.0, 5)["fast"].block_steps == 20


def test_a_small_budget_times_less() -> None:
    pilots = {"only": Pilot(5.0, 0.010, 20)}
    assert sizes(pilots, 55.0, 5)["only"].blocks < sizes(pilots, 1000.0, 5)["only"].blocks
    assert sizes(pilots, 0.0, 5)["only"].blocks >= 20  # fewer would show no warm-up


def test_a_long_epoch_is_not_timed_as_one() -> None:
    assert not sizes({"slow": Pilot(5.0, 1.0, 300)}, 1000.0, 5)["slow"].with_epoch


def test_cost() -> None:
    pilots = {"only": Pilot(10.0, 0.010, 20)}
    chosen = sizes(pilots, 1000.0, 5)
    estimate = estimated(pilots, chosen, left_s=100.0)
    size = chosen["only"]
    assert estimate.round_s == pytest.approx(5.0 + 10.0 + 0.010 * (size.blocks * size.block_steps + 20))
    assert estimate.rounds == int(100.0 / estimate.round_s)


def test_resolution_by_simulation() -> None:
    """Of ratios that differ by the resolution, about 8 in 10 are noticed by a two-sided test at 5 %."""
    rounds = 25
    slowdown = resolution(rounds)
    assert slowdown is not None
    rng = np.random.default_rng(0)
    logs = rng.normal(slowdown, np.sqrt(2) * SPREAD, (20_000, rounds))
    error = np.sqrt(np.pi / 2) * np.sqrt(2) * SPREAD / np.sqrt(rounds)
    noticed = np.mean(np.abs(np.median(logs, axis=1)) > 1.96 * error)
    assert noticed == pytest.approx(0.8, abs=0.03)
    assert resolution(1) is None


@pytest.mark.parametrize(
    ("left_s", "said"),
    [
        (300.0, "has room for"),
        (45.0, "of 5 processes a row, which take about"),
        (5.0, "nothing can be told from fewer than two"),
    ],
)
def test_cost_in_words(left_s: float, said: str) -> None:
    pilots = {"only": Pilot(10.0, 0.010, 20)}
    estimate = estimated(pilots, sizes(pilots, 45.0, 5), left_s)
    text = cost_in_words(Bench(measurement=Measurement(), rows=(), estimate=estimate))
    assert said in text


def test_head_and_base_do_the_same_work_and_no_epoch() -> None:
    rows = [Row(name=name, arm="one", adapter="reference", mode="numpy") for name in ("one", "one@base")]
    chosen = sizes({"one": Pilot(5.0, 0.02, 20), "one@base": Pilot(5.0, 0.01, 20)}, 1000.0, 5)
    assert chosen["one"].blocks != chosen["one@base"].blocks
    equal = sizes_of_sides(chosen, [(rows[0], rows[1])])
    assert equal["one"] == equal["one@base"]
    assert equal["one"].blocks == min(size.blocks for size in chosen.values())  # else the slower takes too long
    assert not equal["one"].with_epoch
    assert sizes_of_sides({"one": chosen["one"]}, [(rows[0], rows[1])]).keys() == {"one"}  # its base failed


def test_what_a_gate_can_find() -> None:
    assert resolution_of_gate(6, rows=1) is None
    few, many = resolution_of_gate(9, rows=1), resolution_of_gate(30, rows=1)
    assert few is not None
    assert many is not None
    assert 0.02 < many < few
    assert resolution_of_gate(9, rows=4) > few  # type: ignore[operator]
    pilots = {"one": Pilot(5.0, 0.01, 20)}
    estimate = estimated(pilots, sizes(pilots, 600.0, 5), 600.0, judged=1)
    assert estimate.resolution == resolution_of_gate(estimate.rounds, rows=1)
