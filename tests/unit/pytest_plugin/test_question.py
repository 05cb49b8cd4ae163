"""Keywords of a marker as the command line that asks the same."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from harness.cli import experiment
from harness.cli.verb import Verb
from harness.composition import UserMistake, compose
from harness.pytest_plugin.ladder import KEYWORDS
from harness.pytest_plugin.question import Question, mistakes_fail, question_of, run_verb
from harness.records.exit_codes import DIVERGES, INTERNAL, INTERRUPTED

BESIDE = Path("/project/tests")


def asked(**keywords: Any) -> Question:
    return question_of(keywords, KEYWORDS, BESIDE)


def mistakes_of(**keywords: Any) -> tuple[str, ...]:
    with pytest.raises(UserMistake) as caught:
        asked(**keywords)
    return caught.value.mistakes


def test_keywords_become_the_overrides_of_the_command() -> None:
    arms = ["mindspore", {"use": "tensorflow", "spec": {"optimizer.epsilon": 1e-8}}]
    question = asked(experiment="mnist_mlp", arms=arms, rungs=["optimizer"], overrides=["seed=7"])
    assert question.overrides == (
        "experiment=mnist_mlp",
        "arms=[mindspore,{use: tensorflow, spec: {optimizer.epsilon: 1e-08}}]",
        "rungs=[optimizer]",
        "seed=7",
    )


def test_the_experiment_is_that_of_the_command() -> None:
    mutated = {"use": "reference", "name": "other", "spec": {"optimizer.epsilon": 1e-3}}
    experiment = compose(asked(arms=["reference", mutated], rungs=["loss"], overrides=["seed=7"]).overrides).experiment
    assert [arm.name for arm in experiment.arms] == ["reference", "other"]
    assert experiment.arms[1].spec == {"optimizer.epsilon": 1e-3}
    assert (experiment.rungs, experiment.seed) == (("loss",), 7)


def test_an_override_comes_after_the_keywords() -> None:
    assert compose(asked(rungs=["loss"], overrides=["rungs=[layer]"]).overrides).experiment.rungs == ("layer",)


def test_paths_are_relative_to_the_file_of_the_test() -> None:
    question = asked(pair="pairs/small.yaml", config_dir=["conf", Path("/etc/conf")], out="kept", trust=True)
    assert question.overrides == ("pair=/project/tests/pairs/small.yaml",)
    assert question.config_dirs == (BESIDE / "conf", Path("/etc/conf"))
    assert (question.out, question.trust) == (BESIDE / "kept", True)


def test_one_folder_of_configs_needs_no_list() -> None:
    assert asked(config_dir="conf").config_dirs == (BESIDE / "conf",)


def test_all_mistakes_at_once_with_the_nearest_name() -> None:
    unknown, arms, overrides, trust = mistakes_of(
        experimnt="cnn", arms="tensorflow", overrides="optimizer=adam", trust="yes"
    )
    assert "there is no keyword 'experimnt'; did you mean experiment?" in unknown
    assert arms == "arms: given 'tensorflow'; allowed: a list of names, or of mappings with use: NAME"
    assert overrides == "overrides: given 'optimizer=adam'; allowed: a list of texts KEY=VALUE"
    assert trust == "trust: given 'yes'; allowed: True, False"


@pytest.mark.parametrize("keywords", [{"rungs": ["loss", 3]}, {"arms": [["tensorflow"]]}, {"config_dir": [3]}])
def test_items_of_another_kind_are_mistakes(keywords: dict[str, Any]) -> None:
    (mistake,) = mistakes_of(**keywords)
    assert mistake.startswith(f"{next(iter(keywords))}: given ")


def test_the_folder_is_no_override() -> None:
    assert mistakes_of(overrides=["seed=7", "out=elsewhere"]) == ("overrides: the folder is given by the keyword out",)


def verb_that(end: int | Exception, seen: list[argparse.Namespace]) -> Verb:
    def run(options: argparse.Namespace) -> int:
        seen.append(options)
        if isinstance(end, Exception):
            raise end
        return end

    return Verb("check", "stands in", run, experiment.add_with_detail)


def test_a_verb_is_given_what_was_asked_and_the_folder() -> None:
    seen: list[argparse.Namespace] = []
    question = Question(("seed=7",), (Path("conf"),), True)
    assert run_verb(verb_that(DIVERGES, seen), question, Path("/kept")) == DIVERGES
    assert vars(seen[0]) == {
        "verb": "check",
        "overrides": ["seed=7", "out=/kept"],
        "config_dir": [Path("conf")],
        "trust": True,
        "cfg": None,
        "detail": "screen",
        "multirun": False,
        "fail_fast": False,
        "config_name": "config",
        "package": None,
        "resolve": False,
        "info": None,
    }


def test_an_interruption_ends_pytest_too() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_verb(verb_that(INTERRUPTED, []), Question(()), Path("/kept"))


def test_a_fault_of_twinrun_is_one_line_and_a_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where the traceback is kept
    assert run_verb(verb_that(RuntimeError("planted"), []), Question(()), tmp_path / "none") == INTERNAL
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("twinrun: internal error: RuntimeError: planted")


def test_a_mistake_fails_the_test_with_its_text_alone() -> None:
    with pytest.raises(pytest.fail.Exception) as caught, mistakes_fail("parity"):
        raise UserMistake(["there is no such arm"])
    assert (str(caught.value), caught.value.pytrace) == ("parity: there is no such arm", False)
    assert caught.value.__suppress_context__
