"""What the host tells, and what follows of two states of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records.timing import HostState
from harness.worker.timing import host

STAT = "cpu  100 0 50 400 10 0 5 5 20 0\ncpu0 100 0 50 400 10 0 5 5 20 0\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host, "PROC", tmp_path / "proc")
    monkeypatch.setattr(host, "POWERCAP", tmp_path / "powercap")
    (tmp_path / "proc" / "pressure").mkdir(parents=True)
    return tmp_path


def test_numbers_of_linux(proc: Path) -> None:
    (proc / "proc/stat").write_text(STAT)
    (proc / "proc/pressure/cpu").write_text(
        "some avg10=1.00 avg60=2.00 avg300=3.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
    )
    (proc / "proc/cpuinfo").write_text("processor : 0\ncpu MHz\t: 2000.5\nprocessor : 1\ncpu MHz\t: 3000.5\n")
    state = host.host_state()
    assert state.stalled_s == {"cpu": 2.5}
    # User, nice, system, interrupts and stolen time: 160 ticks. Neither idle nor waiting; guests are in user time.
    assert state.busy_s == 160 / host.TICKS_PER_S
    assert state.frequency_mhz == 2500.5


def test_a_host_that_tells_nothing(proc: Path) -> None:
    state = host.host_state()
    assert (state.stalled_s, state.busy_s, state.frequency_mhz) == ({}, None, None)
    assert host.energy_j() is None


def test_energy_is_that_of_the_packages(proc: Path) -> None:
    for name, joules in (("intel-rapl:0", 3), ("intel-rapl:1", 4), ("intel-rapl:0:0", 100)):
        (proc / "powercap" / name).mkdir(parents=True)
        (proc / "powercap" / name / "energy_uj").write_text(f"{joules * 1_000_000}\n")
    assert host.energy_j() == 7.0


def test_interference() -> None:
    before = HostState(at_s=10.0, stalled_s={"cpu": 1.0, "io": 2.0}, busy_s=100.0)
    after = HostState(at_s=14.0, load=(1.5, 1.0, 0.5), stalled_s={"cpu": 3.0, "io": 2.0}, busy_s=107.0)
    seen = host.interference(before, after, own_cpu_s=5.0)
    assert seen.cpu_stalled == 0.5
    assert seen.io_stalled == 0.0
    assert seen.memory_stalled is None
    assert seen.other_processors == 0.5  # 7 s of all processors, 5 of them our own, in 4 s
    assert seen.load == 1.5


def test_interference_is_unknown_where_the_host_is() -> None:
    seen = host.interference(HostState(at_s=1.0), HostState(at_s=2.0), own_cpu_s=1.0)
    assert seen.other_processors is None
    assert seen.cpu_stalled is None
