"""What all arms share, held against the spec: the plan's orders, noise and augmentation, and the sets of samples.

A fault here is the same in every arm, so that no arm can show it. The culprit is the plan or the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import scipy  # scipy.ndimage is imported where it is first used: it takes a quarter of a second

from harness.data.raw_digits import raw_digits
from harness.judging.context import Context
from harness.records.array_types import Array, FloatArray
from harness.records.verdict import Verdict
from harness.rungs import redraw
from harness.spec.data import Digits, Mnist, Mnist5k

NAME, PLAN, DATA = "inputs", "plan", "data"
# Standard errors of a mean: a false alarm in 5e-10 draws.
FAR = 6.2
MOST_ROWS = 512  # of an epoch's noise
MOVED_IMAGES = 16
INTERPOLATION = 1e-6  # of a level: what SciPy's sums of float64 products may differ by
FEW = 5  # samples: so few may come in the same order twice
LISTED = 5  # numbers of samples in a message
SOURCE = "drawn again from the seed, by other code"


def judge_shared(context: Context) -> list[Verdict]:
    """The verdicts on the orders, on the noise and the augmentation if there are any, and on the sets of samples."""
    experiment = context.experiment
    epochs = len(context.plan.orders)
    verdicts = [_verdict(PLAN, f"orders of {epochs} epochs", list(_order_faults(context)), SOURCE)]
    if experiment.model.noise():
        verdicts.append(_verdict(PLAN, "noise", list(_noise_faults(context)), SOURCE))
    if isinstance(experiment.data, Digits):
        if experiment.data.augmentation is not None:
            faults = list(_augmentation_faults(context, experiment.data))
            verdicts.append(_verdict(PLAN, "augmentation", faults, "the spec's ranges; SciPy's interpolation"))
        verdicts += sets_verdicts(context, experiment.data)
    return verdicts


def _verdict(culprit: str, subject: str, faults: list[str], source: str, note: str = "") -> Verdict:
    return Verdict(
        rung=NAME,
        subject=subject,
        arm_a=culprit,
        status="diverges" if faults else "agrees",
        culprit=culprit if faults else "",
        tolerance=0.0,
        tolerance_source=source,
        cause="; ".join(faults) or note,
    )


def _order_faults(context: Context) -> Iterator[str]:
    """Each pass is a permutation, as far as it is used; epochs differ; the seed gives these orders and no others."""
    training, samples, orders = context.stated.training, len(context.data.x_train), context.plan.orders
    for epoch, order in enumerate(orders):
        for passed in (order[start : start + samples] for start in range(0, len(order), samples)):
            if len(np.unique(passed)) != len(passed):
                yield f"epoch {epoch}: a pass has sample {_repeated(passed)} more than once"
            if len(passed) and not (passed.min() >= 0 and passed.max() < samples):
                yield f"epoch {epoch}: a sample number is not of the {samples:,} training samples"
        if not np.array_equal(order, redraw.order(training, context.stated.seed, samples, epoch)):
            yield f"epoch {epoch}: the order is not the one that seed {context.stated.seed} gives"
    for epoch, (order, following) in enumerate(pairwise(orders)):
        shared = min(len(order), len(following))
        if shared > FEW and np.array_equal(order[:shared], following[:shared]):
            yield f"epochs {epoch} and {epoch + 1} have the same order"


def _repeated(order: Array) -> int:
    return int(np.argmax(np.bincount(order)))


def _noise_faults(context: Context) -> Iterator[str]:
    """Each epoch's noise has the stated distribution, samples are independent, and epochs differ."""
    plan, seed = context.plan, context.stated.seed
    for number, spec in enumerate(context.stated.model.noise()):
        low, high, mean, variance = _law(spec)
        before: Any = None
        for epoch, order in enumerate(plan.orders):
            rows = min(len(order), MOST_ROWS)
            drawn = plan.noise_of(epoch, (spec,), slice(0, rows))[spec.name].astype(np.float64)
            if not np.array_equal(drawn, redraw.noise(spec, number, seed, epoch, rows)):
                yield f"epoch {epoch}: {spec.name} is not what seed {seed} gives"
            if drawn.min() < low or drawn.max() > high:
                yield f"epoch {epoch}: {spec.name} is not from {low:g} to {high:g}"
            if _standard_errors(drawn - mean, variance) > FAR:
                yield f"epoch {epoch}: the mean of {spec.name} is {drawn.mean():.4g}, not {mean:.4g}"
            products = (drawn[1:] - mean) * (drawn[:-1] - mean)
            if _standard_errors(products, variance**2) > FAR:
                yield f"epoch {epoch}: {spec.name} of one sample depends on that of the one before"
            if before is not None and drawn.size > MOST_ROWS and np.array_equal(before[: len(drawn)], drawn):
                yield f"epochs {epoch - 1} and {epoch} have the same {spec.name}"
            before = drawn


def _law(spec: Any) -> tuple[float, float, float, float]:
    """The smallest and the largest number, the mean and the variance of a layer's noise."""
    if hasattr(spec, "drop_rate"):
        return 0.0, 1.0, 1 - spec.drop_rate, spec.drop_rate * (1 - spec.drop_rate)
    return spec.low, spec.high, (spec.low + spec.high) / 2, (spec.high - spec.low) ** 2 / 12


def _standard_errors(values: FloatArray, variance: float) -> float:
    """How many standard errors the mean of independent numbers with this variance is away from 0."""
    return abs(float(values.mean())) / np.sqrt(variance / values.size) if variance and values.size else 0.0


def _augmentation_faults(context: Context, data: Digits) -> Iterator[str]:
    """The moves are within the stated ranges and distributed over them; epochs differ; images are moved by them."""
    spec, before = data.augmentation, dict[str, Array]()
    assert spec is not None
    for epoch, moves in enumerate(context.plan.augmentation):
        shift, flip = moves["shift"].astype(float), moves["flip"].astype(float)
        angle = np.degrees(np.arctan2(moves["turn"][:, 1], moves["turn"][:, 0]).astype(np.float64))
        laws = {
            "shift": (shift, spec.shift, 0.0, spec.shift * (spec.shift + 1) / 3),
            "rotate": (angle, spec.rotate * (1 + 1e-6), 0.0, spec.rotate**2 / 3),
            "flip": (flip, float(spec.flip), spec.flip / 2, spec.flip / 4),
        }
        for name, (values, largest, mean, variance) in laws.items():
            if np.abs(values).max(initial=0.0) > largest:
                yield f"epoch {epoch}: {name} of {np.abs(values).max():g}, at most {largest:g} is stated"
            if _standard_errors(values - mean, variance) > FAR:
                yield f"epoch {epoch}: the mean of {name} is {values.mean():.3g}, not {mean:.3g}"
            # Of a uniform law, the variance of the squares is less than the square of the variance.
            if _standard_errors((values - mean) ** 2 - variance, variance**2) > FAR:
                yield f"epoch {epoch}: the variance of {name} is {np.var(values):.3g}, not {variance:.3g}"
        if before and any(variance and np.array_equal(before[n], moves[n]) for n, variance in _moving(laws)):
            yield f"epochs {epoch - 1} and {epoch} move the images alike"
        before = dict(moves)
    images = context.data.x_train[:MOVED_IMAGES]
    seen = context.plan.seen(context.data.x_train, 0, np.arange(len(images)))
    for number, (image, moved) in enumerate(zip(images[..., 0], seen[..., 0], strict=True)):
        expected = _moved(image, {name: rows[number] for name, rows in context.plan.augmentation[0].items()})
        if np.abs(expected - moved).max() > 0.5 + INTERPOLATION:
            yield f"training sample {number} is not moved as the plan says"


def _moving(laws: dict[str, tuple[Any, float, float, float]]) -> Iterator[tuple[str, float]]:
    yield from (("turn" if name == "rotate" else name, law[3]) for name, law in laws.items())


def _moved(image: Array, move: dict[str, Any]) -> FloatArray:
    """The image (height, width), flipped, rotated and shifted by SciPy: see `harness.spec.augmentation`."""
    (cosine, sine), shift = move["turn"].astype(np.float64), move["shift"].astype(np.float64)
    middle = (np.array(image.shape) - 1) / 2
    flip = np.diag([1.0, -1.0 if move["flip"] else 1.0])
    back = flip @ np.array([[cosine, -sine], [sine, cosine]]).T
    offset = middle - back @ (middle + shift)
    moved: FloatArray = scipy.ndimage.affine_transform(image.astype(float), back, offset, order=1, mode="grid-constant")
    return moved


def sets_verdicts(context: Context, spec: Digits) -> list[Verdict]:
    """One verdict: the sets are the rows of the file, each once; test images are as there, without augmentation."""
    subject = f"{len(context.data.x_train):,} training and {len(context.data.x_test):,} test samples"
    data = context.data
    train, test = (_rows(x, y) for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)))
    try:
        images, labels = _file(spec)
    except (OSError, ValueError) as error:
        cause = f"the file cannot be read again: {error}"
        return [Verdict(rung=NAME, subject=subject, arm_a=DATA, status="unverified", cause=cause)]
    in_file = _rows(images, labels)
    faults = []
    if Counter(train) + Counter(test) != Counter(in_file):
        missing = Counter(in_file) - Counter(train) - Counter(test)
        faults.append(f"{missing.total():,} of the file's {len(in_file):,} samples are in neither set, or not as there")
    if isinstance(spec, Mnist) and not spec.holdout and test != in_file[len(train) :]:
        faults.append("the test samples are not the file's, in its order")
    shares = np.bincount(data.y_test, minlength=10)
    if isinstance(spec, Mnist5k) and np.ptp(shares):
        faults.append(f"the test set has {shares.tolist()} samples of the classes, equal shares are stated")
    expected = dict(zip(("training", "test"), spec.counts, strict=True))
    for name, rows in (("training", train), ("test", test)):
        if len(rows) != expected[name]:
            faults.append(f"{len(rows):,} {name} samples, {expected[name]:,} are stated")
    overlap = _overlap(data.x_train, data.x_test)
    return [_verdict(DATA, subject, faults, "the rows of the file, read by other code", overlap)]


@lru_cache(maxsize=1)
def _file(spec: Digits) -> tuple[Array, Array]:
    return raw_digits(spec)


def _rows(images: Array, labels: Array) -> list[bytes]:
    """The bytes of each image and its label."""
    return [image.tobytes() + bytes([label]) for image, label in zip(images, labels.tolist(), strict=True)]


def _overlap(x_train: Array, x_test: Array) -> str:
    """Which test images are also training images, in words; empty if none are."""
    seen = {image.tobytes() for image in x_train}
    shared = [str(number) for number, image in enumerate(x_test) if image.tobytes() in seen]
    if not shared:
        return ""
    more = f" and {len(shared) - LISTED} more" if len(shared) > LISTED else ""
    return f"{len(shared):,} test images are training images too: {', '.join(shared[:LISTED])}{more}"
