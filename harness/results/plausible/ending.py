"""Rules on the records of a finished training: its final weights and its predictions of the test set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.records.predictions import NO_LABEL
from harness.results.plausible.left import Left, first_row

# Another batch size rounds differently: a label whose margin is below this share of the median may change.
NARROW = 1e-3


def weights_of_the_model(records: Left) -> Iterator[str]:
    if not records.arm.weights:
        return
    kind = np.dtype(records.trace.arm.variable_dtype)
    expected = {parameter.name: (parameter.shape, kind) for parameter in records.experiment.model.parameters()}
    recorded = {name: (value.shape, value.dtype) for name, value in records.arm.weights.items()}
    for name in dict.fromkeys([*expected, *recorded]):
        if expected.get(name) != recorded.get(name):
            yield f"{name} is {_in_words(recorded.get(name))}, and {_in_words(expected.get(name))} in the model"
            return


def weights_are_finite(records: Left) -> Iterator[str]:
    not_finite = [name for name, value in records.arm.weights.items() if not np.isfinite(value).all()]
    if not_finite and not records.diverged:
        yield f"{not_finite[0]} is not finite everywhere, and no judged step explains it"


def predictions_are_there(records: Left) -> Iterator[str]:
    if records.trace.finished and records.stated.data.classes is not None and not records.arm.predictions:
        yield "is missing or empty, and the training came to its end"


def predictions_of_the_test_set(records: Left) -> Iterator[str]:
    predictions, classes = records.arm.predictions, records.stated.data.classes
    if not predictions:
        return
    if classes is None or set(predictions) != {"label", "margin"}:
        yield f"holds {', '.join(predictions)}; label and margin are what is predicted, of classes alone"
        return
    labels, margins = predictions["label"], predictions["margin"]
    scored = records.epochs[-1].samples_scored if records.epochs else len(labels)
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
    if records.epochs and np.isfinite(records.epochs[-1].test_loss):
        yield from first_row(unknown, labels, "label", "none, and the test loss is finite")


def predictions_make_the_accuracy(records: Left) -> Iterator[str]:
    """The number of correct labels must fit the accuracy of the last epoch."""
    predictions = records.arm.predictions
    if records.data is None or not predictions or not records.epochs or records.stated.data.classes is None:
        return
    labels, margins, truth = predictions.get("label"), predictions.get("margin"), records.data.y_test
    accuracy = records.epochs[-1].test_accuracy
    if labels is None or margins is None or accuracy is None or not labels.shape == margins.shape == truth.shape:
        return
    correct, counted = int(np.count_nonzero(labels == truth)), accuracy * len(truth)
    usual = float(np.median(margins[np.isfinite(margins)])) if np.isfinite(margins).any() else 0.0
    unsure = int(np.count_nonzero(~(margins > NARROW * usual)))
    if abs(correct - counted) > unsure + 0.5:
        yield f"has {correct} right labels of {len(truth)}, and test_accuracy says {counted:.6g}"


def _in_words(array: tuple[tuple[int, ...], np.dtype[np.generic]] | None) -> str:
    return "nothing" if array is None else f"{array[0]} of {array[1]}"
