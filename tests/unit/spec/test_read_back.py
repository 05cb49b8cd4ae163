"""What is written of a spec is read back as it was, also strictly, as records are read."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from harness.composition import compose
from harness.results.files import read_experiment
from harness.spec.base import Word
from harness.spec.vocabulary import BASES, specimens

EXPERIMENTS = sorted(path.stem for path in (Path(__file__).parents[3] / "conf" / "experiment").glob("*.yaml"))
WORDS = [(family, word) for family in BASES for word in specimens(family)]


@pytest.mark.parametrize(("family", "word"), WORDS, ids=lambda value: getattr(value, "name_in_tables", value))
def test_a_word(family: str, word: Word) -> None:
    assert TypeAdapter(BASES[family][1]).validate_json(word.model_dump_json(), strict=True) == word


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment(name: str, tmp_path: Path) -> None:
    experiment = compose([f"experiment={name}"]).experiment
    path = tmp_path / "experiment.json"
    path.write_text(experiment.model_dump_json())
    assert read_experiment(path) == experiment
