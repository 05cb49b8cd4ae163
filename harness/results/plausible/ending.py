"""What cannot be of what a finished training leaves: its weights, and what it says of the test set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.results.plausible.left import Left, first_row

NO_LABEL = -1  # of an image of which an output is NaN
# Another batch size rounds otherwise: a label that leads by less than this share of the usual lead may be another.
NARROW = 1e-3


def weights_of_the_model(left: Left) -> Iterator[str]:
    if not left.arm.weights:
        return
    kind = np.dtype(left.trace.arm.precision)
    wanted = {each.name: (each.shape, kind) for each in left.experiment.model.parameters()}
    there = {name: (value.shape, value.dtype) for name, value in left.arm.weights.items()}
    for name in dict.fromkeys([*wanted, *there]):
        if wanted.get(name) != there.get(name):
            yield f"{name} is {_in_words(there.get(name))}, and {_in_words(wanted.get(name))} in the model"
            return


def weights_are_finite(left: Left) -> Iterator[str]:
    wrong = [name for name, value in left.arm.weights.items() if not np.isfinite(value).all()]
    if wrong and not left.diverged:
        yield f"{wrong[0]} is not finite everywhere, and no judged step explains it"


def predictions_are_there(left: Left) -> Iterator[str]:
    if left.trace.finished and left.stated.data.classes is not None and not left.arm.predictions:
        yield "is missing or empty, and the training came to its end"


def predictions_of_the_test_set(left: Left) -> Iterator[str]:
    said, classes = left.arm.predictions, left.stated.data.classes
    if not said:
        return
    if classes is None or set(said) != {"label", "margin"}:
        yield f"holds {', '.join(said)}; label and margin are what is predicted, of classes alone"
        return
    labels, margins = said["label"], said["margin"]
    scored = left.epochs[-1].samples_scored if left.epochs else len(labels)
    if labels.shape != (scored,) or margins.shape != (scored,):
        yield f"has labels {labels.shape} and margins {margins.shape}, and {scored} samples were scored"
        return
    if labels.dtype != np.int32 or margins.dtype != np.float64:
        yield f"has labels of {labels.dtype} and margins of {margins.dtype}"
        return
    unknown = labels == NO_LABEL
    yield from first_row((labels < NO_LABEL) | (labels >= classes), labels, "label", f"and there are {classes} classes")
    yield from first_row(~unknown & ~(margins >= 0), margins, "margin", "and a lead is never below 0")
    yield from first_row(unknown & ~np.isnan(margins), margins, "margin", "and the image has no label")
    if left.epochs and np.isfinite(left.epochs[-1].test_loss):
        yield from first_row(unknown, labels, "label", "none, and the test loss is finite")


def predictions_make_the_accuracy(left: Left) -> Iterator[str]:
    """By the labels of the test set, so many are right as the last epoch's accuracy says."""
    said = left.arm.predictions
    if left.data is None or not said or not left.epochs or left.stated.data.classes is None:
        return
    labels, margins, truth = said.get("label"), said.get("margin"), left.data.y_test
    accuracy = left.epochs[-1].test_accuracy
    if labels is None or margins is None or accuracy is None or not labels.shape == margins.shape == truth.shape:
        return
    right, counted = int(np.count_nonzero(labels == truth)), accuracy * len(truth)
    usual = float(np.median(margins[np.isfinite(margins)])) if np.isfinite(margins).any() else 0.0
    unsure = int(np.count_nonzero(~(margins > NARROW * usual)))
    if abs(right - counted) > unsure + 0.5:
        yield f"has {right} right labels of {len(truth)}, and test_accuracy says {counted:.6g}"


def _in_words(array: tuple[tuple[int, ...], np.dtype[np.generic]] | None) -> str:
    return "nothing" if array is None else f"{array[0]} of {array[1]}"
