"""Faults of what all arms share, or of what one reads: the plan, the loader, and what a worker makes of both."""

from __future__ import annotations

from dataclasses import dataclass

from planting import Edit

PLAN, MOVING = "harness.plan.plan", "harness.data.augmenting"
LOADER, PIXELS, SESSION = "harness.data.embedded", "harness.data.inputs", "harness.worker.session"


@dataclass(frozen=True)
class InputFault:
    """Rung `inputs` must notice it, and name `culprit`. `experiment`: into what it is planted."""

    name: str
    module: str
    old: str
    new: str
    culprit: str
    experiment: str = "mlp"

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.module, self.old, self.new),)


PASSES = "np.concatenate([stream.permutation(samples) for _ in range(training.passes_per_epoch)])"
MASK = "stream.random(shape, np.float32) >= spec.drop_rate"
ORDERS = tuple(
    InputFault(name, PLAN, old, new, "plan", experiment)
    for name, old, new, experiment in (
        ("one shuffle for every epoch", "[seed, _ORDER, epoch]", "[seed, _ORDER, 0]", "mlp"),
        ("orders of another seed", "[seed, _ORDER, epoch]", "[seed + 1, _ORDER, epoch]", "mlp"),
        ("samples drawn with replacement", PASSES, "stream.integers(0, samples, samples)", "mlp"),
        ("samples in the order of the file", PASSES, "np.arange(samples)", "mlp"),
        ("every pass of an epoch in one order", PASSES, "np.tile(stream.permutation(samples), 2)", "passes"),
        ("an order read backwards", PASSES, f"{PASSES}[::-1]", "mlp"),
        ("one sample never seen", "stream.permutation(samples)", "stream.permutation(samples) % (samples - 1)", "mlp"),
        ("kept and dropped exchanged", MASK, "stream.random(shape, np.float32) < spec.drop_rate", "conv"),
        ("the share kept taken for the share dropped", MASK, MASK.replace(">= ", ">= 1 - "), "conv"),
        ("one mask for every epoch", "[seed, _NOISE, epoch, number]", "[seed, _NOISE, 0, number]", "conv"),
        (
            "one mask for every sample",
            MASK,
            "np.repeat(stream.random((1, *shape[1:]), np.float32), shape[0], 0) >= spec.drop_rate",
            "conv",
        ),
        ("one mask for two neighbours", MASK, f"np.repeat({MASK}, 2, 0)[: shape[0]]", "conv"),
        (
            "masks unpacked from the other end",
            "count=spec.shape[-1])",
            'count=spec.shape[-1], bitorder="little")',
            "conv",
        ),
        (
            "random slopes over half their range",
            "stream.uniform(spec.low, spec.high",
            "stream.uniform(spec.low, (spec.low + spec.high) / 2",
            "slopes",
        ),
        (
            "the augmentation of one epoch in all",
            "[seed, _AUGMENTATION, epoch, number]",
            "[seed, _AUGMENTATION, 0, number]",
            "moved",
        ),
        (
            "a shift one pixel too far",
            "integers(-spec.shift, spec.shift,",
            "integers(-spec.shift - 1, spec.shift + 1,",
            "moved",
        ),
        ("shifts to one side", "integers(-spec.shift, spec.shift,", "integers(0, spec.shift,", "moved"),
        (
            "angles to one side",
            "angles.uniform(-spec.rotate, spec.rotate, samples)",
            "angles.uniform(0, spec.rotate, samples)",
            "moved",
        ),
        (
            "angles of half the range",
            "uniform(-spec.rotate, spec.rotate, samples)",
            "uniform(-spec.rotate, spec.rotate, samples) / 2",
            "moved",
        ),
        ("degrees for radians", "angle = np.deg2rad(", "angle = np.positive(", "moved"),
        ("no image flipped", "integers(0, 1 + spec.flip,", "integers(0, 1,", "moved"),
    )
)
MOVES = tuple(
    InputFault(name, MOVING, old, new, "plan", "moved")
    for name, old, new in (
        (
            "turned the other way",
            "cosine * row + sine * column + middle[0]",
            "cosine * row - sine * column + middle[0]",
        ),
        ("shifted the other way", "- middle[0] - down", "- middle[0] + down"),
        (
            "flipped upside down",
            "np.where(mirrored, -from_column, from_column)",
            "np.where(mirrored, from_column, from_column)",
        ),
        (
            "pixels cut off, not rounded",
            "np.rint(_bilinear(images, from_row, from_column))",
            "np.floor(_bilinear(images, from_row, from_column))",
        ),
        (
            "the nearest pixel for four of them",
            "below, beside = row - top, column - left",
            "below, beside = np.rint(row - top), np.rint(column - left)",
        ),
    )
)
READ = 'samples = self.plan.seen(self._raw("x_train"), number)'
TARGETS = 'return self.inputs(samples), np.array(self._raw("y_train"))'
ONE_ARM = tuple(
    InputFault(name, module, old, new, "one", experiment)
    for name, module, old, new, experiment in (
        (
            "the test set augmented",
            SESSION,
            'self.inputs(self._raw("x_test"))',
            'self.inputs(self.plan.seen(self._raw("x_test"), 0, np.arange(20)))',
            "moved",
        ),
        ("the first epoch's augmentation in all", SESSION, READ, READ.replace("number)", "0)"), "moved"),
        ("augmentation left out", SESSION, READ, 'samples = self._raw("x_train")', "moved"),
        ("the first epoch's noise in all", SESSION, "self.plan.noise_of(epoch, ", "self.plan.noise_of(0, ", "conv"),
        (
            "the noise of the next sample",
            SESSION,
            "whole_and_short(values, size) for",
            "whole_and_short(np.roll(values, 1, 0), size) for",
            "conv",
        ),
        (
            "the target of the next sample",
            SESSION,
            TARGETS,
            TARGETS.replace('self._raw("y_train")', 'np.roll(self._raw("y_train"), 1)'),
            "mlp",
        ),
        ("images transposed", SESSION, TARGETS, TARGETS.replace("samples)", "np.swapaxes(samples, 1, 2))"), "mlp"),
        (
            "pixels a millionth too bright",
            PIXELS,
            "self.table[samples[part]]",
            "self.table[samples[part]] * 1.000001",
            "mlp",
        ),
        (
            "the deviation of a sample, not of all pixels",
            PIXELS,
            "return total / (255 * len(flat)), float(np.sqrt(float(spread))) / (255 * len(flat))",
            "return total / (255 * len(flat)), float(np.sqrt(float(spread) / (1 - 1 / len(flat)))) / (255 * len(flat))",
            "standardised",
        ),
        (
            "the pixels' mean not taken off",
            PIXELS,
            "((pixels / 255 - mean) / deviation)",
            "((pixels / 255) / deviation)",
            "standardised",
        ),
        (
            "one test sample too few",
            SESSION,
            'np.array(self._raw("y_test"))',
            'np.array(self._raw("y_test"))[:-1]',
            "mlp",
        ),
        (
            "the short batch filled up",
            SESSION,
            "order[None, whole:]]",
            "np.concatenate([order[whole:], order[: -len(order) % batch_size]])[None]]",
            "mlp",
        ),
    )
)
SETS = tuple(
    InputFault(name, LOADER, old, new, "data", "digits")
    for name, old, new in (
        (
            "test samples that are training samples too",
            "[rows[:share] for rows in of_class]",
            "[rows[-share:] for rows in of_class]",
        ),
        (
            "a test set that has one class twice as often",
            "[rows[:share] for rows in of_class]",
            "[rows[: share * (label != 0) + share * (label == 1)] for label, rows in enumerate(of_class)]",
        ),
        (
            "one training sample of each class left out",
            "[rows[share:] for rows in of_class]",
            "[rows[share + 1 :] for rows in of_class]",
        ),
        ("black for white", "table[:, :-1].reshape", "(255 - table[:, :-1]).reshape"),
        (
            "images transposed by the loader",
            "reshape(SIZE, 28, 28, 1), labels",
            "reshape(SIZE, 28, 28, 1).swapaxes(1, 2), labels",
        ),
        ("labels of the next image", "table[:, -1].astype(np.int32)", "np.roll(table[:, -1], 1).astype(np.int32)"),
    )
)
FAULTS = (*ORDERS, *MOVES, *ONE_ARM, *SETS)
