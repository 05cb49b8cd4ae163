"""Figures are kept for one host, version and setting; whatever else lies in their place is as none."""

from __future__ import annotations

from pathlib import Path

import pytest
from arranging import FAST, MINDSPORE, SLOW, machine, processor

from harness.worker.arrangement import cache

VERSIONS = {"mindspore": "2.10.0"}
FIGURES = {"none": SLOW, "avx2": FAST}


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, tmp_path)


def key(**fields: object) -> cache.Key:
    """The key of MindSpore's arm with some of its fields changed."""
    return cache.Key.of(MINDSPORE.model_copy(update=fields), cache.host(), VERSIONS)


def test_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    host = cache.host()
    assert (host.processor, host.flags) == ("Made Up", ("avx2", "avx512f", "fpu"))
    assert host.cores > 0
    monkeypatch.setattr(cache, "CPUINFO", tmp_path / "no such file")
    assert cache.host().flags == ()


def test_kept_figures_are_read_again() -> None:
    assert cache.read(key()) == {}
    assert not cache.has_any("mindspore")
    cache.write(key(), FIGURES)
    assert cache.read(key()) == FIGURES
    assert cache.has_any("mindspore")
    assert not cache.has_any("tensorflow")
    assert [file.suffix for file in cache.folder().iterdir()] == [".json"]  # nothing is left of the writing


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "pynative"},
        {"precision": "float64"},
        {"threads": 2},
        {"layout": "channels_first"},
        {"realisation": "exact"},
        {"device": "cpu"},
        {"python": "/other/python"},
        {"environment": {"OMP_NUM_THREADS": "1"}},
    ],
)
def test_another_setting_has_figures_of_its_own(fields: dict[str, object]) -> None:
    cache.write(key(), FIGURES)
    assert cache.read(key(**fields)) == {}


def test_another_name_limit_or_spec_has_not() -> None:
    cache.write(key(), FIGURES)
    assert cache.read(key(name="other", timeout_s=5.0, spec={"optimizer.form": "rate_outside"})) == FIGURES


def test_another_host_or_version_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache.write(key(), FIGURES)
    assert cache.read(cache.Key.of(MINDSPORE, cache.host(), {"mindspore": "2.10.1"})) == {}
    processor(monkeypatch, tmp_path, model="Another")
    assert cache.read(key()) == {}
    processor(monkeypatch, tmp_path, flags="avx2 avx512f avx512_bf16")
    assert cache.read(key()) == {}
    processor(monkeypatch, tmp_path)
    assert cache.read(key()) == FIGURES
    monkeypatch.setattr("harness.system.processor._cores", lambda: 1000)
    assert cache.read(key()) == {}


def test_figures_of_another_key_in_its_place() -> None:
    cache.write(key(threads=2), FIGURES)
    cache.place(key(threads=2)).rename(cache.place(key()))
    assert cache.read(key()) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema_version": 2}',
    ],
)
def test_a_damaged_file_is_as_none(content: bytes) -> None:
    cache.write(key(), FIGURES)
    cache.place(key()).write_bytes(content)
    assert cache.read(key()) == {}
    cache.write(key(), FIGURES)
    assert cache.read(key()) == FIGURES


@pytest.mark.parametrize(("time", "other"), [("0.8", "-0.8"), ("0.8", "0"), ("0.8", '"fast"'), ("0.8", "NaN")])
def test_an_impossible_time_is_as_none(time: str, other: str) -> None:
    cache.write(key(), FIGURES)
    file = cache.place(key())
    assert time in file.read_text()
    file.write_text(file.read_text().replace(time, other))
    assert cache.read(key()) == {}


def test_a_folder_in_place_of_the_file_is_as_none() -> None:
    cache.place(key()).mkdir(parents=True)
    assert cache.read(key()) == {}
    with pytest.raises(OSError, match="directory"):
        cache.write(key(), FIGURES)
