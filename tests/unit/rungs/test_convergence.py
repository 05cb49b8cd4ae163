"""Several seeds: the arms are compared over pairs of runs, and what is missing is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_traces import FAILED_AS, trace

from harness.composition import ComposedStudy, compose_study
from harness.judging.statistics import paired_equivalence, pairs_needed
from harness.records import exit_codes
from harness.records.trace import Trace
from harness.report.seeds import convergence_table, flips_of_study, spread_table
from harness.report.study_record import StudyRecord
from harness.results.store import write_text
from harness.rungs.convergence import judge_traces
from harness.rungs.convergence_over_seeds import Paired, compare_seeds, seeds_in_words
from harness.scenarios.run import Run
from harness.scenarios.study import Study
from harness.spec import Experiment
from harness.spec.expectations import Ordering

Build = Callable[..., Experiment]
NAMES = ("one", "other")
OTHERS = {"arms": [{"name": "one", "adapter": "a", "mode": "m"}, {"name": "other", "adapter": "b", "mode": "m"}]}
EQUAL = ((0.912, 0.912), (0.905, 0.905), (0.917, 0.916), (0.909, 0.909), (0.913, 0.913))
APART = ((0.912, 0.902), (0.905, 0.897), (0.917, 0.906), (0.909, 0.899), (0.913, 0.904))
NOISY = ((0.912, 0.916), (0.905, 0.900), (0.917, 0.917))


def seeds_of(accuracies: Sequence[tuple[float, float]], **changed: Any) -> dict[int, list[Trace]]:
    return {
        seed: [trace(name, accuracy=value, **changed) for name, value in zip(NAMES, both, strict=True)]
        for seed, both in enumerate(accuracies)
    }


def compared(experiment: Experiment, by_seed: dict[int, list[Trace]]) -> Paired:
    (found,) = compare_seeds(experiment, by_seed, "test_accuracy")
    return found


# --- Two arms over seeds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accuracies", "status", "said"),
    [
        (EQUAL, "agrees", "mean 0.020 points, 90 % interval [-0.023, 0.063], margin 0.3: equivalent"),
        (APART, "diverges", "mean 0.960 points, 90 % interval [0.851, 1.069], margin 0.3: different"),
        (NOISY, "unverified", "mean 0.033 points, 90 % interval [-0.727, 0.794], margin 0.3: undecided; 22 new seeds"),
    ],
    ids=["equal", "apart", "noisy"],
)
def test_the_verdict_over_seeds(experiment_of: Build, accuracies: Any, status: str, said: str) -> None:
    found = compared(experiment_of(**OTHERS), seeds_of(accuracies))
    verdict = found.verdict
    assert (verdict.status, verdict.rung, verdict.arm_a, verdict.arm_b) == (status, "convergence", *NAMES)
    assert verdict.cause.startswith(said)
    first, second = np.mean(accuracies, axis=0)
    assert (verdict.value_a, verdict.value_b) == (pytest.approx(first, rel=1e-12), pytest.approx(second, rel=1e-12))
    worst = int(np.argmax(np.abs(np.subtract(*np.transpose(accuracies)))))
    assert (verdict.worst_index, verdict.tolerance) == (f"seed {worst}", 0.003)
    # Over its tolerance, or not, just as the interval has an end beyond the margin.
    assert ((verdict.error_over_tolerance or np.inf) < 1) == (status == "agrees")


def test_more_seeds_are_new_ones(experiment_of: Build) -> None:
    """As many as decide without the old ones, from the first that was not among these, whichever were missing."""
    by_seed = {7 + seed: traces for seed, traces in seeds_of(NOISY).items()}
    by_seed[31] = [trace("one"), trace("other", "unsupported")]
    found = compared(experiment_of(**OTHERS), by_seed)
    count = pairs_needed(found.equivalence.mean, found.equivalence.standard_deviation, 0.003)
    assert (
        f"; {count} new seeds would decide: seeds={count} seed=32 (those of this run are not among them: "
        in found.cause
    )
    asked = compose_study([f"seeds={count}", "seed=32"])
    assert not {seed for composed in asked.variants for seed in composed.seeds} & set(by_seed)


def test_a_training_without_an_epoch_is_no_pair(experiment_of: Build) -> None:
    by_seed = seeds_of(EQUAL)
    by_seed[2][0] = by_seed[2][0].model_copy(update={"epochs": ()})
    found = compared(experiment_of(**OTHERS), by_seed)
    assert (found.status, sorted(found.unfinished)) == ("crashed", [2])
    assert judge_traces(experiment_of(**OTHERS), by_seed[2]) == []


def test_the_margin_is_the_experiments(experiment_of: Build) -> None:
    wide = experiment_of(**OTHERS, comparison={"accuracy_margin": 0.02})
    assert [compared(wide, seeds_of(each)).status for each in (EQUAL, APART, NOISY)] == ["agrees"] * 3


def test_accuracies_of_few_samples_decide_nothing(experiment_of: Build) -> None:
    """Of 100 test samples each counts one point, three times the margin."""
    coarse = seeds_of(((0.91, 0.91), (0.92, 0.92)), scored=100)
    found = compared(experiment_of(**OTHERS), coarse)
    assert found.status == "unverified"
    assert found.equivalence == paired_equivalence([0.0, 0.0], 0.003, resolution=0.01)


def test_one_pair_gives_no_interval(experiment_of: Build) -> None:
    found = compared(experiment_of(**OTHERS), seeds_of(EQUAL[:1]))
    assert (found.status, found.verdict.error_over_tolerance) == ("unverified", None)
    assert found.cause == "0.000 points; one seed gives no interval; 2 are the fewest"


@pytest.mark.parametrize("status", FAILED_AS)
def test_a_seed_that_is_missing_is_no_agreement(experiment_of: Build, status: str) -> None:
    by_seed = seeds_of(EQUAL)
    by_seed[3][1] = trace("other", status)
    found = compared(experiment_of(**OTHERS), by_seed)
    assert found.status == status
    assert found.cause.startswith("mean 0.025 points, 90 % interval")
    assert f"seed 3: other {status} (" in found.cause
    apart = seeds_of(APART)
    apart[3][0] = trace("one", status)
    assert compared(experiment_of(**OTHERS), apart).status == "diverges"


def test_the_gravest_of_what_happened_is_the_status(experiment_of: Build) -> None:
    by_seed = seeds_of((*NOISY, NOISY[0], NOISY[1]))
    by_seed[3][1] = trace("other", "unsupported")
    assert compared(experiment_of(**OTHERS), by_seed).status == "unverified"
    by_seed[4][0] = trace("one", "crashed")
    assert compared(experiment_of(**OTHERS), by_seed).status == "crashed"
    none = {seed: [trace("one"), trace("other", "unsupported")] for seed in (0, 1)}
    assert compared(experiment_of(**OTHERS), none).status == "unsupported"


def test_nothing_left_to_compare(experiment_of: Build) -> None:
    by_seed = {seed: [trace("one"), trace("other", "interrupted")] for seed in (2, 5, 7)}
    found = compared(experiment_of(**OTHERS), by_seed)
    assert found.status == "interrupted"
    assert found.cause.startswith("no seed that both arms finished; seeds 2, 5, 7: other interrupted (")
    untrained = {seed: [trace("one"), trace("other", "recorded", epochs=0)] for seed in (0, 1)}
    assert compared(experiment_of(**OTHERS), untrained).status == "crashed"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"plan_digest": "f" * 64}, "the arms had different plans"),
        ({"initial_weights_digest": "f" * 64}, "the arms had different initial weights"),
        ({"epochs": trace(scored=999).epochs}, "the arms scored different numbers of samples"),
    ],
)
def test_runs_that_are_no_pair_diverge(experiment_of: Build, changed: dict[str, Any], why: str) -> None:
    by_seed = seeds_of(EQUAL)
    by_seed[2][1] = by_seed[2][1].model_copy(update=changed)
    found = compared(experiment_of(**OTHERS), by_seed)
    assert (found.status, found.cause) == ("diverges", f"seed 2: {why}")


def test_one_arm_under_two_names_shows_its_own_spread(experiment_of: Build) -> None:
    twins = experiment_of()
    assert compared(twins, seeds_of(EQUAL)).cause.startswith(
        "one arm twice, up to 0.100 points apart at one seed; mean"
    )
    alike = seeds_of(((0.9, 0.9), (0.8, 0.8)))
    assert compared(twins, alike).cause.startswith("one arm twice, 0.000 points apart at one seed; mean")
    assert not compared(experiment_of(**OTHERS), alike).twins


def test_three_arms_are_three_pairs_and_values_none(experiment_of: Build) -> None:
    names = ("one", "other", "third")
    three = experiment_of(arms=[{"name": name, "adapter": name, "mode": "m"} for name in names])
    by_seed = {seed: [trace(name, accuracy=0.9 - 0.02 * (name == "third")) for name in names] for seed in range(3)}
    found = compare_seeds(three, by_seed, "test_accuracy")
    assert [(each.arm_a, each.arm_b, each.status) for each in found] == [
        ("one", "other", "agrees"),
        ("one", "third", "diverges"),
        ("other", "third", "diverges"),
    ]
    values = three.model_copy(update={"data": SimpleNamespace(classes=None)})
    assert compare_seeds(values, by_seed, "test_accuracy") == []


def test_seeds_in_words() -> None:
    assert [seeds_in_words(each) for each in ([4], [4, 5], [0, 1, 2], [1, 3, 2])] == [
        "seed 4",
        "seeds 4, 5",
        "seeds 0 to 2",
        "seeds 1, 3, 2",
    ]


# --- In a study ------------------------------------------------------------------------------------------------------


def said(labels: list[int]) -> dict[str, Any]:
    return {"label": np.array(labels, np.int32), "margin": np.linspace(1, 2, len(labels))}


# What two arms say of four images, which are 0, 1, 2, 3, at each of three seeds.
SAID = {
    0: {"one": said([0, 1, 2, 3]), "other": said([0, 1, 2, 3])},
    1: {"one": said([0, 1, 2, 7]), "other": said([0, 1, 5, 3])},
    2: {"one": said([0, 1, 2, 3]), "other": said([0, 1, 2, 4])},
}


def study_of(
    experiment: Experiment, accuracies: dict[str, Any], folder: Path, orderings: tuple[Ordering, ...] = ()
) -> Study:
    from harness.judging.flips import flips_between

    runs: list[Any] = []
    for variant, values in accuracies.items():
        for seed, traces in seeds_of(values).items():
            changed = experiment.model_copy(update={"seed": seed, "variant": variant or None})
            place = folder / variant / f"seed{seed}"
            place.mkdir(parents=True)
            write_text(place / "experiment.json", changed.model_dump_json())
            store = SimpleNamespace(
                folder=place, read_predictions=lambda arms, seed=seed: {arm: SAID[seed % 3][arm] for arm in arms}
            )
            pictures = np.arange(4 * 784, dtype=np.uint8).reshape(4, 28, 28, 1)
            runs.append(
                SimpleNamespace(
                    experiment=changed,
                    traces=dict(zip(NAMES, traces, strict=True)),
                    verdicts=[],
                    unfinished=None,
                    store=store,
                    trainings=lambda: None,
                    data=SimpleNamespace(x_test=pictures),
                    flips=flips_between(np.arange(4), SAID[seed % 3]),
                )
            )
    return Study("made_up", runs, orderings, folder)


def recorded_study(study: Study) -> StudyRecord:
    """The study, read from what it leaves behind."""
    study.write(study.verdicts())
    return StudyRecord.of(study.folder)


def test_each_variant_has_its_verdict(experiment_of: Build, tmp_path: Path) -> None:
    study = study_of(experiment_of(**OTHERS), {"a": EQUAL, "b": APART, "c": NOISY, "d": EQUAL[:1]}, tmp_path)
    verdicts = study.verdicts()
    assert [(verdict.subject, verdict.status) for verdict in verdicts] == [
        ("a: test_accuracy over seeds 0 to 4", "agrees"),
        ("b: test_accuracy over seeds 0 to 4", "diverges"),
        ("c: test_accuracy over seeds 0 to 2", "unverified"),
    ]
    assert study.exit_code(verdicts) == exit_codes.DIVERGES
    assert study.exit_code(verdicts[2:]) == exit_codes.UNVERIFIED
    assert study.exit_code(verdicts[:1]) == exit_codes.AGREES


def test_orderings_are_of_the_means(experiment_of: Build, tmp_path: Path) -> None:
    ordering = Ordering(better="a", than="b", by=0.005)
    study = study_of(experiment_of(**OTHERS), {"a": APART, "b": EQUAL}, tmp_path, (ordering,))
    found = [verdict for verdict in study.verdicts() if verdict.rung == "study"]
    means = [np.mean(each, axis=0) for each in (APART, EQUAL)]
    assert [(v.arm_a, v.value_a, v.value_b, v.status) for v in found] == [
        (name, pytest.approx(means[0][side]), pytest.approx(means[1][side]), "diverges")
        for side, name in enumerate(NAMES)
    ]


def test_what_a_study_of_seeds_leaves_behind(experiment_of: Build, tmp_path: Path) -> None:
    study = study_of(experiment_of(**OTHERS), {"": NOISY}, tmp_path)
    study.write(study.verdicts())
    summary = pd.read_parquet(tmp_path / "summary.parquet")
    assert list(zip(summary["seed"], summary["arm"], strict=True)) == [(s, name) for s in range(3) for name in NAMES]
    (row,) = pd.read_parquet(tmp_path / "convergence.parquet").to_dict("records")
    again = paired_equivalence([a - b for a, b in NOISY], 0.003, resolution=0.001)
    assert (row["pairs"], row["mean"], row["low"], row["high"]) == (3, again.mean, again.low, again.high)
    assert (row["decision"], row["pairs_advised"]) == ("undecided", again.pairs_advised)
    (recorded,) = pd.read_parquet(tmp_path / "verdicts.parquet").to_dict("records")
    assert recorded["status"] == "unverified"
    flips = pd.read_parquet(tmp_path / "flips.parquet")
    assert list(zip(flips["seed"], flips["index"], strict=True)) == [(1, 2), (1, 3), (2, 3)]


def test_flips_beside_the_natural_spread(experiment_of: Build, tmp_path: Path) -> None:
    study = recorded_study(study_of(experiment_of(**OTHERS), {"": NOISY}, tmp_path))
    _, rows = spread_table(study)
    assert [row[1:6] for row in rows] == [
        ["one : other at one seed", "3", "1.0", "0", "2"],
        ["two seeds of one", "3", "0.7", "0", "1"],
        ["two seeds of other", "3", "1.3", "1", "2"],
    ]
    page = "\n".join(flips_of_study(study))
    assert (tmp_path / "flips.png").is_file()
    assert "2 of 2 images that flip between two arms" in page
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    assert cells[2:] == [
        ["", "3", "3", "2 of 3 seeds", "one", "7", "other", "3"],
        ["", "2", "2", "1 of 3 seeds", "one", "2", "other", "5"],
    ]


def test_one_seed_leaves_a_study_as_it_was(experiment_of: Build, tmp_path: Path) -> None:
    study = study_of(experiment_of(**OTHERS), {"a": EQUAL[:1], "b": APART[:1]}, tmp_path)
    record = recorded_study(study)
    assert (study.verdicts(), convergence_table(record)[1], spread_table(record)[1]) == ([], [], [])
    files = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert files == ["study.json", "summary.parquet", "verdicts.parquet"]
    assert flips_of_study(record) == []


# --- What is run -----------------------------------------------------------------------------------------------------


def test_several_seeds_are_a_study() -> None:
    study = compose_study(["seeds=2"])
    assert not study.is_single
    assert study.first.seeds == (0, 1)
    checked: ComposedStudy = study.at_first_seeds()
    assert checked.is_single
    assert compose_study(["seeds=[7]"]).is_single


def test_only_the_first_seed_climbs(experiment_of: Build) -> None:
    def run(seed: int, seeds: tuple[int, ...]) -> tuple[bool, bool]:
        made: Any = Run(experiment_of(seed=seed), *[None] * 4, seeds=seeds)  # type: ignore[arg-type]
        return made.climbs, made.is_alone

    assert [run(seed, (4, 2)) for seed in (4, 2)] == [(True, False), (False, False)]
    assert run(3, ()) == run(3, (3,)) == (True, True)
