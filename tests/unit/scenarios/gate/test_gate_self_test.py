"""`twinrun gate --self-test`: on a bench, on a recording, on noise that is recorded now."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from made_up_benches import write_bench

from harness.cli import main
from harness.records.exit_codes import AGREES, MISTAKE
from harness.records.noise import Noise
from harness.results.files import read_spec
from harness.scenarios.gate import noise
from harness.scenarios.gate.self_test import APART, DRAWN, TURNS, rates_of
from harness.timing.self_test import GATES
from harness.timing.slowdown import ALPHA, SLOWDOWN

# Three standard errors of a share of so many gates: what chance may add to a rate.
CHANCE = 3 * math.sqrt(ALPHA * (1 - ALPHA) / GATES)
CHANCE_OF_POWER = 3 * math.sqrt(0.9 * 0.1 / GATES)
RECORDED = Path(__file__).parent / "recorded"


def recording(name: str) -> Noise:
    return read_spec(RECORDED / f"{name}.json", Noise, "recording of noise")


def test_the_noise_of_a_bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = write_bench(tmp_path / "bench", rounds=24, spread=0.02)
    assert main(["gate", "--self-test", str(bench)]) == AGREES
    printed = capsys.readouterr().out
    assert "mindspore / control: 24 process medians with a spread of " in printed
    assert "processes of each side find a slowdown of 5% with a power of 90%" in printed
    rows = [line.split("  ")[0] for line in printed.splitlines() if TURNS in line and "+0%" in line]
    assert {"mindspore / control", "tensorflow / control", "control"} <= set(rows)


@pytest.mark.parametrize("spread", [0.02, 0.03])
def test_false_alarms_and_power_with_the_processes_that_a_spread_needs(spread: float) -> None:
    """A short series is simulated by its spread: two values that differ by it, in turns."""
    found = rates_of("made up", [1.0, 1.0 + spread * 2**0.5] * 4)
    assert {tried.how for tried in found.tried} == {DRAWN}
    assert found.needed is not None
    rates = {tried.rates.slowdown: tried.rates for tried in found.tried if tried.processes == found.needed}
    assert rates[0.0].slower <= ALPHA + CHANCE
    assert rates[SLOWDOWN].slower >= 0.9 - CHANCE_OF_POWER
    assert rates[2 * SLOWDOWN].slower >= 0.99


@pytest.mark.parametrize("name", ["calmer", "loaded"])
def test_false_alarms_on_recorded_noise(name: str) -> None:
    """A series that was recorded, with its load: no false alarms; its power is what it is."""
    series = recording(name)
    assert len(series.load) == len(series.step_s)
    found = rates_of(name, series.step_s)
    equal = [tried.rates for tried in found.tried if tried.rates.slowdown == 0 and tried.how != APART]
    assert equal
    assert all(rates.slower <= ALPHA + CHANCE for rates in equal)
    if found.spread <= 0.03:
        assert any(t.rates.slower >= 0.9 - CHANCE_OF_POWER for t in found.tried if t.rates.slowdown == SLOWDOWN)


def test_noise_that_is_recorded_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(noise, "FEWEST", 2)
    out = tmp_path / "noise.json"
    assert main(["gate", "--self-test", "--seconds", "0.01", f"out={out}"]) == AGREES
    made = read_spec(out, Noise, "recording of noise")
    assert len(made.step_s) == 2
    assert "control: 2 process medians" in capsys.readouterr().out


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "noise.json").write_text("{}")
    for arguments, said in (
        (["--self-test", str(tmp_path / "noise.json")], "is no recording of noise"),
        (["--self-test", str(tmp_path / "missing")], "there is no such folder"),
        (["--self-test", f"out={tmp_path / 'noise.json'}"], "it is there already"),
        (["--self-test", "a", "b"], "give at most one bench or recording"),
        (["--self-test", "--seconds", "-1"], "must be a positive number; given: -1"),
        (["--self-test", "--baseline", "a"], "give either --self-test or --baseline"),
        (["a", "--seconds", "3"], "--seconds is of --self-test"),
    ):
        assert main(["gate", *arguments]) == MISTAKE
        assert said in capsys.readouterr().err


def test_a_stated_spread_is_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--self-test", "--spread", "2%", "--spread", "0.03"]) == AGREES
    printed = capsys.readouterr().out
    assert "spread 0.02: 9 processes of each side find a slowdown of 5% with a power of 90%" in printed
    assert "spread 0.03: 14 processes of each side" in printed
    rows = [line.split() for line in printed.splitlines() if DRAWN in line and line.startswith("spread")]
    alarms = [float(row[5].rstrip("%")) / 100 for row in rows if row[4] == "+0%"]
    assert len(alarms) == 4
    assert max(alarms) <= ALPHA


def test_what_is_no_spread(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--self-test", "--spread", "200%", "--spread", "x", "--seconds", "3", "RUN"]) == MISTAKE
    said = capsys.readouterr().err
    for part in ("given: 200%", "given: x", "--seconds has no meaning", "RUN has no meaning"):
        assert part in said
    assert main(["gate", "RUN", "--spread", "2%"]) == MISTAKE
    assert "--spread is of --self-test" in capsys.readouterr().err
