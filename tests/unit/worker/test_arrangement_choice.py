"""What an arm's arrangement is: stated, calibrated or none, and when anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from arranging import FAST, MINDSPORE, SLOW, VARIABLE, machine, processor

import adapters
from harness.composition.trust import HARMLESS
from harness.records.arrangement import ChosenArrangement
from harness.spec.arm import Arm
from harness.worker.arrangement import cache, choice
from harness.worker.arrangement.calibration import CalibrationError, measure, versions_of
from harness.worker.arrangement.choice import Chooser
from harness.worker.arrangement.figures import Figures
from harness.worker.process import environment_of


class Bench:
    """Stands in for the measurement: its outcome is `figures` or a failure. Keeps what was measured and said."""

    def __init__(self) -> None:
        self.measured: list[tuple[str, tuple[str, ...]]] = []
        self.said: list[str] = []
        self.figures = {"none": SLOW, "avx2": FAST}
        self.failure = ""

    def measure(self, arm: Arm, names: Sequence[str]) -> dict[str, Figures]:
        self.measured.append((arm.mode, tuple(names)))
        if self.failure:
            raise CalibrationError(self.failure)
        return self.figures

    def choose(self, arm: Arm = MINDSPORE, has_convolutions: bool = True) -> ChosenArrangement:
        """The choice of a new command."""
        return Chooser(self.said.append).choice(arm, has_convolutions)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    machine(monkeypatch, tmp_path)
    bench = Bench()
    monkeypatch.setattr(choice, "measure", bench.measure)
    monkeypatch.setattr(choice, "versions_of", lambda arm: {"mindspore": "2.10.0"})
    return bench


def test_measured_once_and_said(bench: Bench) -> None:
    chosen = bench.choose()
    assert (chosen.name, chosen.reason, chosen.variables) == ("avx2", "calibrated", {VARIABLE: "AVX2"})
    assert str(chosen).startswith("ONEDNN_MAX_CPU_ISA=AVX2 (calibrated): convolution 8.0 times as fast")
    assert bench.measured == [("jit", ("none", "avx2"))]
    before, after = bench.said
    assert before.startswith("arm mindspore: MindSpore is calibrated on this machine, once: none, avx2")
    assert after.startswith("arm mindspore: MindSpore: avx2: convolution 8.0 times as fast")
    assert bench.choose() == chosen
    assert len(bench.measured) == 1
    assert len(bench.said) == 2


def test_nothing_clearly_faster(bench: Bench) -> None:
    bench.figures["avx2"] = SLOW
    assert str(bench.choose()) == "none: no other is clearly faster here"


def test_a_model_without_convolutions_is_not_measured(bench: Bench) -> None:
    assert str(bench.choose(has_convolutions=False)) == "none: the model has no convolution; not measured"
    assert (bench.measured, bench.said) == ([], [])


def test_without_convolutions_the_product_that_was_measured_counts(bench: Bench) -> None:
    bench.choose()
    assert bench.choose(has_convolutions=False).name == "none"
    bench.figures["avx2"] = Figures(convolution_s=0.8, product_s=0.05)
    pynative = MINDSPORE.model_copy(update={"mode": "pynative"})
    assert bench.choose(pynative).name == "avx2"
    assert bench.choose(pynative, has_convolutions=False).name == "avx2"


@pytest.mark.parametrize("value", ["AVX512_CORE", ""])
def test_what_the_arm_states_is_not_changed(bench: Bench, value: str) -> None:
    arm = MINDSPORE.model_copy(update={"environment": {VARIABLE: value}})
    assert bench.choose(arm) == ChosenArrangement(name="none", variables={VARIABLE: value}, reason="stated")
    assert bench.measured == []


def test_nor_what_the_command_s_environment_states(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "AVX")
    assert str(bench.choose()) == "ONEDNN_MAX_CPU_ISA=AVX (stated)"
    assert bench.measured == []


def test_turned_off_and_chosen_by_name(bench: Bench) -> None:
    off = bench.choose(MINDSPORE.model_copy(update={"arrangement": "none"}))
    assert (off.name, off.reason, off.variables) == ("none", "none", {})
    named = bench.choose(MINDSPORE.model_copy(update={"arrangement": "avx2"}))
    assert (named.name, named.reason, named.variables) == ("avx2", "stated", {VARIABLE: "AVX2"})
    assert bench.measured == []


@pytest.mark.parametrize(
    ("fields", "flags", "reason"),
    [
        ({}, "avx2", "the processor has no avx512f and no amx_tile"),
        ({"device": "gpu"}, "avx512f", "not for gpu"),
        ({"adapter": "reference", "mode": "numpy"}, "avx512f", "reference has none"),
        ({"adapter": "tensorflow", "mode": "graph"}, "avx512f", "tensorflow has none"),
        ({"adapter": "of nobody"}, "avx512f", "of nobody has none"),
    ],
)
def test_where_it_cannot_matter(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fields: dict[str, str],
    flags: str,
    reason: str,
) -> None:
    processor(monkeypatch, tmp_path, flags=flags)
    assert str(bench.choose(MINDSPORE.model_copy(update=fields))) == f"none: {reason}"
    assert (bench.measured, bench.said) == ([], [])


def test_a_failure_is_said_not_raised_not_kept_and_not_repeated(bench: Bench) -> None:
    bench.failure = "timeout at calibrate"
    chooser = Chooser(bench.said.append)
    for _ in range(2):
        chosen = chooser.choice(MINDSPORE, has_convolutions=True)
        assert str(chosen) == "none: the calibration failed: timeout at calibrate"
    assert len(bench.measured) == 1
    assert bench.said[1:] == [
        "arm mindspore: MindSpore: the calibration failed, so no arrangement is chosen: timeout at calibrate"
    ]
    bench.failure = ""
    assert bench.choose().name == "avx2"


def test_a_cache_that_cannot_be_written_to(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in place of the folder")
    chooser = Chooser(bench.said.append)
    assert [chooser.choice(MINDSPORE, has_convolutions=True).name for _ in range(2)] == ["avx2", "avx2"]
    assert len(bench.measured) == 1


def test_figures_of_other_candidates_are_measured_again(bench: Bench) -> None:
    bench.choose()
    key = cache.Key.of(MINDSPORE, cache.host(), {"mindspore": "2.10.0"})
    cache.write(key, {"none": SLOW})
    assert bench.choose().name == "avx2"
    assert len(bench.measured) == 2


def test_the_environment_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def value(**fields: object) -> str | None:
        return environment_of(MINDSPORE.model_copy(update=fields)).get(VARIABLE)

    monkeypatch.setenv(VARIABLE, "AVX")
    assert value() == value(arrangement="none") == "AVX"
    assert value(arrangement="avx2") == "AVX2"
    assert value(arrangement="avx2", environment={VARIABLE: "SSE41"}) == "SSE41"
    monkeypatch.delenv(VARIABLE)
    assert value() is value(arrangement="none") is None


def test_every_arrangement_sets_what_any_file_may_set() -> None:
    harmless = {name for names in HARMLESS.values() for name in names}
    for name in adapters.names():
        for arrangement in adapters.arrangements(name).values():
            assert set(arrangement.environment) <= harmless


def test_the_measurement_in_a_process_of_its_own() -> None:
    arm = Arm(name="reference", adapter="reference", mode="numpy", precision="float32", realisation="native")
    figures = measure(arm, ["none"])
    assert set(figures) == {"none"}
    assert 1e-5 < figures["none"].product_s < 60
    assert 1e-5 < figures["none"].convolution_s < 60


def test_a_measurement_that_fails() -> None:
    arm = Arm(name="reference", adapter="reference", mode="numpy", python="/no/such/python")
    with pytest.raises(CalibrationError, match=r"missing_framework at start: /no/such/python: No such file"):
        measure(arm, ["none"])
    with pytest.raises(CalibrationError, match="/no/such/python does not tell the versions of numpy"):
        versions_of(arm)


def test_the_versions(tmp_path: Path) -> None:
    arm = Arm(name="reference", adapter="reference", mode="numpy")
    versions = versions_of(arm)
    assert set(versions) == {"numpy"}
    elsewhere = arm.model_copy(update={"environment": {"PYTHONPATH": str(tmp_path)}})
    assert versions_of(elsewhere) == versions
    metadata = tmp_path / "numpy-99.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n")
    assert versions_of(elsewhere) == {"numpy": "99.0"}
