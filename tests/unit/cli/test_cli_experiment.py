"""How `match` and `check` are given an experiment."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import yaml

import adapters
from harness.cli import experiment, main
from harness.composition import UserMistake, compose_dict
from harness.system.files import conf_dir


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter)
    experiment.add_arguments(made)
    return made


def test_the_arguments(parser: argparse.ArgumentParser) -> None:
    given = ["--config-dir", "a", "seed=1", "--config-dir", "b", "--trust", "--cfg", "job"]
    chosen = parser.parse_args(given)
    assert chosen.overrides == ["seed=1"]
    assert chosen.config_dir == [Path("a"), Path("b")]
    assert chosen.trust
    assert chosen.cfg == "job"


def test_nothing_is_trusted_unless_it_is_said(parser: argparse.ArgumentParser) -> None:
    chosen = parser.parse_args([])
    assert (chosen.overrides, chosen.config_dir, chosen.trust, chosen.cfg) == ([], [], False, None)


def test_the_help_lists_every_group_with_its_options(parser: argparse.ArgumentParser) -> None:
    listed = parser.format_help().partition("groups:\n")[2].partition("\n\n")[0]
    told = {line.split()[0]: line.split(maxsplit=1)[1].split(", ") for line in listed.splitlines()}
    brought = Path(adapters.__file__).parent.glob("*/conf/arm/*.yaml")
    files = [*conf_dir().glob("*/*.yaml"), *brought]
    assert told == {
        group: sorted(file.stem for file in files if file.parent.name == group)
        for group in {file.parent.name for file in files}
    }
    assert {"mindspore", "reference", "tensorflow"} <= set(told["arm"])


def test_the_config_is_printed_as_it_is_composed(capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ["schedule=cosine", "training.epochs=2"]
    assert main(["check", *overrides, "--cfg", "job"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == compose_dict(overrides)


def test_a_printed_config_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    folder = "out\x1b[31m"
    assert main(["check", f"out={folder}", "--cfg", "job"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert yaml.safe_load(printed)["out"] == folder


@pytest.mark.parametrize("given", [["match", "pair=x.yaml"], ["check", "pair=x.yaml", "--cfg", "job"]])
def test_a_pair_is_for_check_alone(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 2
    assert "pair=FILE is for twinrun check, without --cfg and --info" in capsys.readouterr().err


def test_mistakes_are_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["match", "schedule=cosin", "training.epochs=0"]) == 2
    told = capsys.readouterr().err
    assert "2 mistakes" in told
    assert "did you mean schedule=cosine?" in told
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_groups_is_told(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    experiment.add_with_detail(parser)
    chosen = parser.parse_args(["--config-dir", str(tmp_path / "missing")])
    chosen.verb = "match"
    with pytest.raises(UserMistake, match="missing: not a folder of config groups"):
        experiment.run(chosen)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--fail-fast"], "--fail-fast: one run has no further job; give -m too"),
        (["--package", "data"], "--package KEY: this is of --cfg; give --cfg job too"),
        (["--cfg", "job", "--package", "dat"], "--package dat: there is no dat; did you mean data?"),
        (["-m", "seed=1,2", "out=x"], "out=: this is the folder of one run; that of a sweep is hydra.sweep.dir=FOLDER"),
        (["-m", "pair=x.yaml"], "pair=: -m is for experiments; check each pair by itself"),
        (["hydra.sweep.dir=x"], "hydra.sweep.dir=x: this is of a multirun; give -m"),
        (["hydra.run.dir=x"], "hydra.run.dir=x: the folder of a run is out=FOLDER"),
        (["--config-name", "mine"], "--config-name mine: there is no such root config; allowed: config"),
    ],
)
def test_flags_of_hydra_that_have_no_meaning_here(
    typed: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", *typed]) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_configs_that_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", "-m", "seed=3,4", "hydra/launcher=joblib", "--cfg", "all"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["hydra"]["launcher"]["n_jobs"] == -1
    assert printed["seed"] == 3  # of the first job
    assert main(["match", "--cfg", "job", "--package", "optimizer.kind"]) == 0
    assert capsys.readouterr().out.startswith("adam")
    assert main(["check", "hydra.job.env_set.A=${oc.env:HOME}", "--cfg", "hydra", "-p", "hydra.job.env_set"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == {"A": "${oc.env:HOME}"}


def test_what_hydra_composes_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", "schedule=cosine", "--info", "defaults"]) == 0
    assert "schedule/cosine" in capsys.readouterr().out
    assert main(["match", "--info", "searchpath"]) == 0
    assert "pkg://hydra.conf" in capsys.readouterr().out
