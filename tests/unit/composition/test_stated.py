"""The names of rungs are checked as an experiment is composed, and read as they are afterwards."""

from __future__ import annotations

from pathlib import Path

from composing import experiment, mistakes, write

from harness.composition import compose
from harness.composition.stated import StatedExperiment
from harness.rungs.registry import names
from harness.spec import Experiment


def test_every_registered_name_may_be_stated() -> None:
    assert experiment(f"rungs=[{','.join(names())}]").rungs == names()


def test_a_wrong_name_is_told_with_all_other_mistakes() -> None:
    wrong = mistakes("rungs=[convergense,loss,7]", "seed=-1")
    allowed = ", ".join(names())
    assert sorted(wrong) == [
        f"rungs.0: given 'convergense'; did you mean convergence? Allowed: {', '.join(sorted(names()))}",
        f"rungs.2: given 7; allowed: {allowed}",
        "seed: given -1; allowed: a whole number >= 0",
    ]


def test_what_is_composed_is_the_spec_itself(tmp_path: Path) -> None:
    composed = experiment("rungs=[loss]", "model=mlp_relu")
    assert type(composed) is Experiment
    assert composed == Experiment.model_validate_json(composed.model_dump_json())
    folder = write(tmp_path, {"experiment.json": composed.model_dump_json()})
    assert compose([f"from={folder / 'experiment.json'}"]).experiment == composed


def test_a_record_may_name_a_rung_that_is_not_there_any_more() -> None:
    recorded = {**experiment().model_dump(mode="json"), "rungs": ["of_another_version"]}
    assert Experiment.model_validate(recorded).rungs == ("of_another_version",)


def test_the_schema_lists_the_names() -> None:
    schema = StatedExperiment.model_json_schema()
    assert schema["properties"]["rungs"]["items"]["enum"] == list(names())
    ours = Experiment.model_json_schema()
    assert (schema["title"], schema["description"]) == (ours["title"], ours["description"])
    assert list(schema["properties"]) == list(ours["properties"])
