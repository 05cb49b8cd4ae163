"""Faults of what a training records, and of what the plan draws: planted beside an arm of the reference."""

from __future__ import annotations

from dataclasses import dataclass

from planting import Edit

TRAINING, SESSION, TRAINER = "harness.worker.training", "harness.worker.session", "adapters.reference.trainer"
PREDICTING = "harness.worker.predicting"


@dataclass(frozen=True)
class RecordFault:
    """`rung` must notice it first, of those that traces are judged by, and name `culprit`."""

    name: str
    module: str
    old: str
    new: str
    rung: str
    culprit: str = "one"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.module, self.old, self.new),)


BATCHES = (
    "for start in range(0, len(x), EVALUATION_BATCH):\n            part = slice(start, start + EVALUATION_BATCH)\n"
)
SCORE = "score = trainer.evaluate(x_test, y_test)"
FINAL = "weights = trainer.weights()\n"
TEST_SET = 'self.inputs(self._raw("x_test"))'
PREDICTED = "predictions(trainer, x_test)"
# Of 20 test samples. In all of them both arms of a comparison would agree with each other, if both had the fault.
EVALUATION = tuple(
    RecordFault(name, module, old, new, "evaluation")
    for name, module, old, new in (
        (
            "evaluation leaving out the last samples",
            TRAINER,
            "total, wrong, scored = 0.0, 0, 0\n",
            "total, wrong, scored, x, y = 0.0, 0, 0, x[:16], y[:16]\n",
        ),
        (
            "the last sample of the test set left out, and counted",
            TRAINER,
            "total, wrong, scored = 0.0, 0, 0\n",
            "total, wrong, scored, x, y = 0.0, 0, 1, x[:-1], y[:-1]\n",
        ),
        (
            "one sample counted twice in the test loss",
            TRAINER,
            BATCHES,
            BATCHES.replace("len(x), EVALUATION_BATCH", "len(x), 19").replace("+ EVALUATION_BATCH", "+ 20"),
        ),
        (
            "the test loss averaged over unequal batches",
            TRAINER,
            "total += float(losses.mean(dtype=np.float64)) * float(normaliser(self.recipe.loss, y[part]))",
            "total += float((losses[:16].mean() + losses[16:].mean()) / 2) * len(losses)",
        ),
        (
            "the median of the sample losses for their mean",
            TRAINER,
            "float(losses.mean(dtype=np.float64))",
            "float(np.median(losses))",
        ),
        (
            "the penalty counted in the test loss",
            TRAINER,
            "return Evaluation(total / float(normaliser(self.recipe.loss, y))",
            "return Evaluation(total / float(normaliser(self.recipe.loss, y)) + float(penalty("
            "self.recipe.regularizer, {n: self.parameters[n] for n in self.kernels})[0])",
        ),
        ("one miss forgotten", TRAINER, "wrong += int(", "wrong += -1 + int("),
        ("the share of misses for that of hits", TRAINER, "(scored - wrong) / scored", "wrong / scored"),
        ("scored once, and never again", TRAINING, SCORE, f"{SCORE} if epoch == 0 else score"),
        ("scores on the training samples", TRAINING, SCORE, "score = trainer.evaluate(*session.epoch(0))"),
        (
            "the test loss of another epoch",
            TRAINING,
            "test_loss=score.loss",
            "test_loss=score.loss * (1 + 1e-3 * epoch)",
        ),
        (
            "one sample fewer said to be scored",
            TRAINING,
            "samples_scored=score.samples",
            "samples_scored=score.samples - 1",
        ),
        ("the plan's weights read back as the final ones", TRAINING, FINAL, "weights = dict(plan.weights)\n"),
        (
            "the final weights read back in half precision",
            TRAINING,
            FINAL,
            "weights = {n: w.astype(np.float16).astype(w.dtype) for n, w in trainer.weights().items()}\n",
        ),
        (
            "one kernel read back transposed",
            TRAINING,
            FINAL,
            "weights = {n: w.T if w.shape == (12, 12) else w for n, w in trainer.weights().items()}\n",
        ),
        (
            "a bias not read back",
            TRAINING,
            FINAL,
            "weights = {n: 0 * w if n == 'dense_1/bias' else w for n, w in trainer.weights().items()}\n",
        ),
        (
            "the test images shifted by a pixel",
            SESSION,
            TEST_SET,
            'self.inputs(np.roll(self._raw("x_test"), 1, axis=2))',
        ),
        ("the test images mirrored", SESSION, TEST_SET, 'self.inputs(self._raw("x_test")[:, :, ::-1])'),
        ("the test images scaled otherwise", SESSION, TEST_SET, f"{TEST_SET} * np.float32(255 / 256)"),
        (
            "the test labels of the next sample",
            SESSION,
            'np.array(self._raw("y_test"))',
            'np.roll(self._raw("y_test"), 1)',
        ),
        ("predictions in another order", TRAINING, PREDICTED, "predictions(trainer, x_test[::-1])"),
        ("predictions of training samples", TRAINING, PREDICTED, "predictions(trainer, session.epoch(0)[0])"),
        ("one prediction too few", TRAINING, PREDICTED, "predictions(trainer, x_test[:-1])"),
        ("the second best class predicted", PREDICTING, "wide.argmax(axis=-1)", "np.argsort(wide, axis=-1)[:, -2]"),
        (
            "the margin to the third best class",
            PREDICTING,
            "np.sort(wide, axis=-1)[:, -2:].T",
            "np.sort(wide, axis=-1)[:, [-3, -1]].T",
        ),
    )
)
LOSSES = "losses=Series(np.concatenate([result.losses for result in results]))"
TRACES = (
    RecordFault(
        "a rate read one step late",
        TRAINING,
        "form.rate(steps)",
        "form.rate(steps + 1)",
        "schedule",
    ),
    RecordFault(
        "the first rate recorded throughout",
        TRAINING,
        "form.rate(steps)",
        "form.rate(np.zeros(plan.steps, int))",
        "schedule",
    ),
    RecordFault(
        "losses recorded in another order",
        TRAINING,
        LOSSES,
        "losses=sorted(float(loss) for result in results for loss in result.losses)",
        "trajectory",
    ),
    RecordFault(
        "the mean of an epoch for each of its losses",
        TRAINING,
        LOSSES,
        "losses=[float(np.mean(result.losses)) for result in results for loss in result.losses]",
        "trajectory",
    ),
    RecordFault(
        "the last, short batch dropped in the recorded training",
        SESSION,
        "return [part for part in parts if part.size]",
        "return [part for part in parts[:1] if part.size]",
        "inputs",
    ),
    RecordFault(
        "the last batch padded in the recorded training, and the padding counted",
        SESSION,
        "order[None, whole:]]",
        "np.concatenate([order[whole:], order[: -len(order) % batch_size]])[None]]",
        "inputs",
    ),
    RecordFault(
        "the order of the first epoch used again in the recorded training",
        SESSION,
        "self.plan.orders[epoch][part]",
        "self.plan.orders[0][part]",
        "inputs",
    ),
    *EVALUATION,
)
DRAWS = (
    RecordFault(
        "a variance for a standard deviation in the plan",
        "harness.plan.initializer_laws",
        "return rng.normal(self.center, self.spread, shape)",
        "return rng.normal(self.center, self.spread**2, shape)",
        "initializer",
        "plan",
    ),
    RecordFault(
        "half the width of a uniform in the plan",
        "harness.plan.initializer_laws",
        "return rng.uniform(self.center - self.spread, self.center + self.spread, shape)",
        "return rng.uniform(self.center, self.center + self.spread, shape)",
        "initializer",
        "plan",
    ),
    RecordFault(
        "a normal that is not truncated in the plan",
        "harness.plan.initializer_laws",
        "edge = float(scipy.special.ndtr(TRUNCATED_AT))",
        "edge = float(scipy.special.ndtr(2 * TRUNCATED_AT))",
        "initializer",
        "plan",
    ),
)
