"""Known-wrong answers, traces and records, and what must be said of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from bench import Bench
from guards import Guard, judged
from worker_guards import FAILURE

from adapters.reference.schedules import oracle, rates
from harness.judging.judge import Claim
from harness.plan.initializer_laws import LAWS
from harness.records import outcome
from harness.records.trace import Trace
from harness.records.verdict import Verdict
from harness.results.recorded import RecordedRun
from harness.rungs import convergence, expected, initializer, schedule, trajectory
from harness.rungs.convergence_over_seeds import compare_seeds
from harness.rungs.whole_run import WholeRun
from harness.spec import initializers
from harness.spec.expectations import NearReference
from harness.subjects.recorded.comparable import reasons
from harness.subjects.recorded.comparison import notes_on

TF32 = 2.0**-11  # what a product in TF32 may be off by, relatively


def certificates_of_the_rungs(bench: Bench) -> None:
    """All that agrees would have noticed an error of the size that TF32 makes."""
    verdicts = bench.judge("model", bench.answers["model"]) + bench.judge("step", bench.answers["step"])
    numbers = [verdict for verdict in verdicts if verdict.detects is not None]
    assert {verdict.status for verdict in verdicts} == {"agrees"}
    assert {verdict.subject for verdict in numbers} >= {"logits", "loss", "gradients", "gradient", "update"}
    for verdict in numbers:
        assert verdict.detects is not None
        assert verdict.detects < TF32 / 2, verdict


def rounded_as_in_tf32(bench: Bench) -> None:
    logits = bench.answers["model"]["one"].arrays["logits"]
    verdict = only(bench.judge("model", bench.altered("model", "one", logits=logits * (1 + TF32))))
    assert (verdict.subject, verdict.culprit) == ("logits", "one")


def missing_tensor(bench: Bench) -> None:
    for rung, name in (("model", "gradient/dense_3/bias"), ("model", "loss"), ("step", "weight 2/dense_1/kernel")):
        verdict = only(bench.judge(rung, bench.altered(rung, "one", **{name: None})))
        assert verdict.culprit == "one"


def another_dtype(bench: Bench) -> None:
    structure = bench.answers["model"]["one"].result["structure"]
    parameters = [[name, shape, "float16"] for name, shape, _ in structure["parameters"]]
    other = bench.restated("model", "one", structure={**structure, "parameters": parameters})
    verdict = only(bench.judge("model", other))
    assert (verdict.subject, verdict.culprit) == ("structure", "one")


def other_weights_and_another_plan(bench: Bench) -> None:
    for field in ("weights_digest", "plan_digest"):
        verdict = only(bench.judge("model", bench.restated("model", "other", **{field: "f" * 64})))
        assert (verdict.subject, verdict.culprit) == ("initial weights", "other")


def each_step_off(bench: Bench) -> None:
    for step in range(3):
        name = f"gradient {step}/dense_2/kernel"
        value = bench.answers["step"]["one"].arrays[name]
        verdict = only(bench.judge("step", bench.altered("step", "one", **{name: value * 1.001})))
        assert (verdict.subject, verdict.step, verdict.culprit) == ("gradient", step, "one")


def third_run_off(bench: Bench) -> None:
    losses = bench.answers["self"]["one"].arrays["third/losses"]
    for off in (2.0, np.nan):
        verdict = only(bench.judge("self", bench.altered("self", "one", **{"third/losses": losses * off})))
        assert verdict.culprit == "one"
    verdict = only(bench.judge("self", bench.altered("self", "one", **{"second/losses": losses[:-1]})))
    assert "cut short" in verdict.cause


def rate_past_the_end(bench: Bench) -> None:
    """A rate that is wrong past the last step only, or just after a boundary beyond it."""
    word, horizon = bench.context.experiment.schedule, bench.context.plan.steps
    steps = schedule.probed_steps([word], horizon)
    assert np.any(steps >= horizon)
    exact, tolerance = oracle(word, steps), schedule.rate_tolerance(word, steps, np.float32)
    for wrong in (steps >= horizon, steps == 2, steps == 5):
        late = Claim("a", np.where(wrong, 0.1, rates(word, steps, np.float32)), tolerance)
        assert judged(late, None, exact).status == "diverges"


def wrong_fan(bench: Bench) -> None:
    """And the certificate of a sample: an error of the scale of 5 % is noticed."""
    word = initializers.HeNormal()
    law = LAWS[type(word)](word, initializer.SHAPE)
    drawn = law.draw(initializer.SHAPE, np.random.default_rng(1))
    found = initializer.judge_sample(word, drawn, "one", np.float64)
    assert found.status == "agrees"
    assert found.detects is not None
    assert 0.01 < found.detects < 0.05
    wide, narrow = initializer.SHAPE
    wrong = initializer.judge_sample(word, drawn * np.sqrt(wide / narrow), "one", np.float64)
    assert (wrong.status, wrong.culprit) == ("diverges", "one")


def curve_cut_off(bench: Bench) -> None:
    cut = bench.traces["one"].model_copy(update={"epochs": bench.traces["one"].epochs[:1]})
    for pair in ([cut, bench.traces["other"]], [bench.traces["other"], cut]):
        (verdict,) = trajectory.judge_traces(bench.fresh(), pair)
        assert verdict.status == "crashed"


def each_step_of_a_curve(bench: Bench) -> None:
    for step in range(bench.context.plan.steps):
        off = replaced_loss(bench.traces["one"], step, 1.01)
        (verdict,) = trajectory.judge_traces(bench.fresh(), [off, bench.traces["other"]])
        assert (verdict.status, verdict.culprit, verdict.worst_index) == ("diverges", "one", f"step {step}")


def curve_of_another_plan(bench: Bench) -> None:
    for field in ("plan_digest", "initial_weights_digest"):
        other = bench.traces["one"].model_copy(update={field: "f" * 64})
        (verdict,) = trajectory.judge_traces(bench.fresh(), [other, bench.traces["other"]])
        assert (verdict.status, verdict.culprit) == ("diverges", "one")


def fewer_images_scored(bench: Bench) -> None:
    """An accuracy over 16 of 20 images is no accuracy; and the arm that left some out is named."""
    short = rescored(bench.traces["one"], samples_scored=16)
    (verdict,) = convergence.judge_traces(bench.context.experiment, [short, bench.traces["other"]])
    assert (verdict.status, verdict.culprit) == ("diverges", "one")


def worse_than_the_margin(bench: Bench) -> None:
    for accuracy in (0.0, 1.0):
        best, other = (rescored(bench.traces[name], test_accuracy=0.5) for name in ("one", "other"))
        far = rescored(best, test_accuracy=accuracy)
        (verdict,) = convergence.judge_traces(bench.context.experiment, [far, other])
        assert verdict.status == "diverges"


def undecided_seeds(bench: Bench) -> None:
    """Two seeds that differ by 10 points either way show no equality; nor do those that one arm did not finish."""
    several = {
        seed: [
            rescored(bench.traces["one"], test_accuracy=0.5 + off),
            rescored(bench.traces["other"], test_accuracy=0.5),
        ]
        for seed, off in enumerate((0.1, -0.1))
    }
    (paired,) = compare_seeds(bench.context.experiment, several, "test_accuracy")
    assert paired.verdict.status == "unverified"
    alike = {seed: [bench.traces["one"], bench.traces["other"]] for seed in range(30)}
    (paired,) = compare_seeds(bench.context.experiment, alike, "test_accuracy")
    assert paired.verdict.status == "agrees" or paired.verdict.status == "unverified"
    failed = bench.traces["one"].model_copy(update={"finished": False, "failure": FAILURE})
    (paired,) = compare_seeds(bench.context.experiment, {**alike, 30: [failed, bench.traces["other"]]}, "test_accuracy")
    assert paired.verdict.status == "crashed"


def weights_that_are_no_numbers(bench: Bench) -> None:
    final = {"dense_1/kernel": np.ones((2, 2))}
    whole = WholeRun(final, final, final, {name: np.zeros((2, 2)) for name in final}, 1)
    for wrong in (np.full((2, 2), np.nan), np.full((2, 2), 2.0), np.ones(2)):
        found = expected.near_reference(
            lambda: whole, NearReference(within=0.1), bench.traces["one"], {"dense_1/kernel": wrong}
        )
        assert found.status == "diverges"


def unverified_is_no_agreement(bench: Bench) -> None:
    agrees = Verdict(rung="any", subject="any", arm_a="one", status="agrees")
    failed = bench.traces["one"].model_copy(update={"failure": FAILURE})
    for status, code in (("unverified", 4), ("crashed", 3), ("diverges", 1), ("interrupted", 130)):
        other = agrees.model_copy(update={"status": status})
        assert outcome.exit_code([agrees, other], []) == code
        traces = [failed] if status == "crashed" else []
        assert outcome.in_one_line([agrees, other], traces).startswith(status.upper())
    assert outcome.exit_code([agrees], [failed]) == 3


def incomparable_runs(bench: Bench) -> None:
    """Runs on other data or by another plan are refused; one folder twice is said to be so."""
    run = RecordedRun(Path("run"), bench.context.experiment, {"digest": "a", "data_digest": "b"}, None, {})  # type: ignore[arg-type]
    assert reasons(run, run) == []
    for key in ("digest", "data_digest"):
        said = reasons(run, replace(run, plan={**run.plan, key: "c"}))
        assert [each.partition(" ")[0] for each in said] == ["another"]
    other = bench.context.experiment.model_copy(update={"seed": 6})
    assert reasons(run, replace(run, experiment=other))
    assert any("the same folder" in note for note in notes_on(run, run, []))


def recorded_inputs(bench: Bench) -> None:
    """Two recorded arms that did not start alike are not compared; nor are rates taken on trust."""
    stranger = bench.traces["one"].model_copy(update={"plan_digest": "f" * 64})
    assert [verdict.rung for verdict in diverging(bench.compared(one=stranger))] == ["inputs"]
    late = bench.traces["one"].model_copy(update={"learning_rates": (*bench.traces["one"].learning_rates[1:], 0.0)})
    verdict = only(bench.compared(one=late))
    assert (verdict.rung, verdict.culprit) == ("schedule", "one")
    assert diverging(bench.compared()) == []


def only(verdicts: list[Verdict]) -> Verdict:
    """The one verdict of these that is no agreement."""
    found = diverging(verdicts)
    assert len(found) == 1, found
    return found[0]


def diverging(verdicts: list[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.status != "agrees"]


def replaced_loss(trace: Trace, step: int, factor: float) -> Trace:
    per_epoch = len(trace.epochs[0].losses)
    epoch, within = divmod(step, per_epoch)
    losses = tuple(loss * (factor if k == within else 1) for k, loss in enumerate(trace.epochs[epoch].losses))
    epochs = list(trace.epochs)
    epochs[epoch] = epochs[epoch].model_copy(update={"losses": losses})
    return trace.model_copy(update={"epochs": tuple(epochs)})


def rescored(trace: Trace, **changed: Any) -> Trace:
    return trace.model_copy(update={"epochs": (*trace.epochs[:-1], trace.epochs[-1].model_copy(update=changed))})


GUARDS: tuple[Guard, ...] = (
    certificates_of_the_rungs,
    rounded_as_in_tf32,
    missing_tensor,
    another_dtype,
    other_weights_and_another_plan,
    each_step_off,
    third_run_off,
    rate_past_the_end,
    wrong_fan,
    curve_cut_off,
    each_step_of_a_curve,
    curve_of_another_plan,
    fewer_images_scored,
    worse_than_the_margin,
    undecided_seeds,
    weights_that_are_no_numbers,
    unverified_is_no_agreement,
    incomparable_runs,
    recorded_inputs,
)
