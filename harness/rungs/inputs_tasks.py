"""A worker's answer to the rung `inputs`: batches and test samples as the arm's device has them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from harness.records.tensor_key import keyed
from harness.worker.session import Session
from harness.worker.task import Answered, Result, tasks


def inputs(session: Session, scratch: str, batches: list[list[int]], test: list[int]) -> Result:
    """By `batch NUMBER/NAME`, the samples, targets and noise of the batches as a training would read them.

    `batches`: each the epoch and the number of the batch in it. `test`: the numbers of the test samples to answer as
    `test/x` and `test/y`. `test_samples`: the size of the test set.
    """
    trainer = session.at(scratch).trainer
    arrays: dict[str, Any] = {}
    by_epoch: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (epoch, row) in enumerate(batches):
        by_epoch[epoch].append((number, row))
    for epoch, asked in by_epoch.items():
        trainer.bind(*session.epoch(epoch))
        portions = session.portions(epoch)
        rows = [(order[k], {n: v[k] for n, v in noise.items()}) for order, noise in portions for k in range(len(order))]
        for number, row in asked:
            arrays |= keyed("batch", trainer.device_batch(*rows[row]), number)
    x, y = session.test_set()
    # A set that is too short is answered as it is: its shape says so.
    arrays |= keyed(
        "test", {name: values[[n for n in test if n < len(values)]] for name, values in (("x", x), ("y", y))}
    )
    return session.reply(arrays, test_samples=len(x))


class InputsAnswer(Answered):
    """`test_samples`: the size of the test set."""

    test_samples: int


TASKS = tasks(__name__, {"inputs": (inputs, InputsAnswer)})
