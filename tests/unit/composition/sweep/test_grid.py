"""The jobs of swept overrides: Hydra's syntax, the order of its own sweeper, and what cannot be enumerated."""

from __future__ import annotations

import pytest

from harness.composition import UserMistake
from harness.composition.sweep.grid import swept
from harness.composition.sweep.spaces import space_of

OPTIONS = {"optimizer": ("adam", "adamw", "sgd"), "schedule": ("constant", "cosine", "cosine_restarts")}


def overrides(*typed: str, verb: str = "match") -> list[tuple[str, ...]]:
    return [job.overrides for job in swept(typed, OPTIONS, verb).combinations()]


def test_every_combination_with_the_last_key_changing_fastest() -> None:
    jobs = swept(["optimizer=adam,sgd", "training.epochs=2", "seed=range(0,3)"], OPTIONS, "match").combinations()
    assert [job.values for job in jobs[:4]] == [
        {"optimizer": "adam", "seed": "0"},
        {"optimizer": "adam", "seed": "1"},
        {"optimizer": "adam", "seed": "2"},
        {"optimizer": "sgd", "seed": "0"},
    ]
    assert jobs[0].overrides == ("optimizer=adam", "training.epochs=2", "seed=0")
    assert len(jobs) == 6


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("schedule=glob(cos*)", ["cosine", "cosine_restarts"]),
        ("schedule=glob(*,exclude=cos*)", ["constant"]),
        ("seed=choice(3,5)", ["3", "5"]),
        ("seed=range(1,10,4)", ["1", "5", "9"]),
        ("arms=[a,b],[c]", ["[a,b]", "[c]"]),
        ("name='a,b',c", ["'a,b'", "c"]),
        ("+model.x={k: 1},{k: 2}", ["{k:1}", "{k:2}"]),
        ("seed=sort(3,1,2)", ["1", "2", "3"]),
    ],
)
def test_the_syntax_is_that_of_hydra(typed: str, values: list[str]) -> None:
    assert [text.partition("=")[2] for (text,) in overrides(typed)] == values


def test_a_key_that_is_swept_twice_has_its_last_values() -> None:
    assert overrides("seed=1,2", "seed=3,4") == [("seed=3",), ("seed=4",)]


def test_paths_and_what_a_bench_reads_are_not_swept() -> None:
    assert overrides("results_root=a,b", "from=x,y.json") == [("results_root=a,b", "from=x,y.json")]
    assert overrides("check=none", "sweep=batch_size=[1,2]", verb="bench") == [("check=none", "sweep=batch_size=[1,2]")]


def test_what_cannot_be_read_is_left_to_the_validation() -> None:
    assert overrides("seed=[1", "seed=1,2") == [("seed=[1", "seed=1"), ("seed=[1", "seed=2")]


def test_all_mistakes_at_once() -> None:
    with pytest.raises(UserMistake) as raised:
        swept(["seed=interval(0,1)", "optimizer=glob(z*)"], OPTIONS, "match")
    interval, glob = raised.value.mistakes
    assert interval == "seed=interval(0,1): an interval is searched, by hydra/sweeper=twinrun_optuna, not enumerated"
    assert glob == "optimizer=glob(z*): no option fits; allowed: adam, adamw, sgd"


def test_a_grid_without_end_is_not_built() -> None:
    with pytest.raises(UserMistake, match=r"more than 10,000 jobs"):
        swept(["seed=range(0,1000000000)"], OPTIONS, "match")


def test_the_space_of_a_search() -> None:
    typed = ["schedule.initial_rate=tag(log, interval(0.001,1))", "n=int(interval(2,9))", "optimizer=adam,sgd", "a=1"]
    space = space_of(typed, OPTIONS, "check")
    rate, count, optimizer = space.dimensions
    assert (rate.low, rate.high, rate.is_log, rate.is_whole) == (0.001, 1.0, True, False)
    assert (count.low, count.high, count.is_whole) == (2, 9, True)
    assert optimizer.choices == ("adam", "sgd")
    assert space.fixed == ("a=1",)
    assert space.at({"n": "3"}).overrides == ("a=1", "n=3")
    corners = space.corners()
    assert len(corners) == 3 * 3 * 2
    assert corners[0].values == {"schedule.initial_rate": "0.001", "n": "2", "optimizer": "adam"}


def test_a_space_has_dimensions_that_are_not_empty() -> None:
    with pytest.raises(UserMistake, match="a search has no space"):
        space_of(["seed=1"], OPTIONS, "check")
    with pytest.raises(UserMistake, match="the interval is empty"):
        space_of(["seed=interval(3,1)"], OPTIONS, "check")
    with pytest.raises(UserMistake, match="begins above 0"):
        space_of(["a=tag(log, interval(0,1))"], OPTIONS, "check")


def test_values_that_cannot_be_enumerated_are_a_mistake() -> None:
    for kind in (swept, space_of):
        with pytest.raises(UserMistake, match=r"optimizer=glob\(\[1\]\): its values cannot be enumerated"):
            kind(["optimizer=glob([1])"], OPTIONS, "match")


def test_a_space_without_end_is_not_built() -> None:
    (dimension,) = space_of(["seed=range(0,1000000000)"], OPTIONS, "match").dimensions
    assert len(dimension.choices) == 10_001
