"""Random experiments: small models of random layers, a random loss and update, and batches of which one is short.

Some are at an edge: batches of one sample, layers of one feature, kernels of zeros, rates at which float32 overflows.

Drawn by hypothesis from the words of `harness.spec`: each is a specimen of its family with its numbers varied.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import hypothesis
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from pydantic import ValidationError
from random_layers import Shape
from random_models import models
from random_words import Plain, groups, numbers, seldom, varied

from harness.composition.capabilities import unsupported
from harness.data import Dataset
from harness.data import load as read
from harness.data.targets import outside_domain
from harness.spec.arm import Arm
from harness.spec.data import Digits
from harness.spec.experiment import Experiment
from harness.spec.vocabulary import parse

EPOCHS, FORCED_STEPS = 2, 3
MOST_DRAWS, DRAW_BYTES = 1000, 4096
# What a model ends in, by what its loss takes.
ENDS = {
    "any": ("linear", "tanh", "sigmoid", "softplus"),
    "logits": ("linear",),
    "probabilities": ("softmax", "sigmoid"),
    "log_probabilities": ("log_softmax",),
    "positive": ("softplus", "softmax"),
}
SAMPLE_SHAPES: dict[str, Shape] = {"mnist5k": (28, 28, 1), "sales": (2,), "polynomial": (1,)}


def drawn(count: int, seed: int, arms: Sequence[Arm], first: int = 0) -> list[Experiment]:
    """So many experiments, from number `first` on, whose every word all `arms` can make.

    Each is a function of `seed` and its number alone, so that one can be drawn again without the others.
    """
    return [_nth(number, seed, arms) for number in range(first, first + count)]


def _nth(number: int, seed: int, arms: Sequence[Arm]) -> Experiment:
    """What the first bytes of this seed and number make that are an experiment; most are rejected."""
    found: list[Experiment] = []

    @hypothesis.settings(
        max_examples=20,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(experiments(arms))
    def collect(made: Experiment) -> None:
        found.append(made)

    numbers = random.Random(f"{seed}, {number}")
    for _ in range(MOST_DRAWS):
        collect.hypothesis.fuzz_one_input(numbers.randbytes(DRAW_BYTES))
        if found:
            return found[0]
    hypothesis.seed(numbers.getrandbits(64))(collect)()  # Hypothesis before 6.170 makes no experiment of bytes
    return found[-1]


load = cache(read)


def dataset(experiment: Experiment) -> Dataset:
    """Its data; of the digits only some, from where its seed says: two whole batches and mostly a short one."""
    data = load(experiment.data)
    if not isinstance(experiment.data, Digits):
        return data
    count = samples(experiment.training.batch_size, experiment.seed)
    first = experiment.seed % (len(data.x_train) - count)
    train = slice(first, first + count)
    return Dataset(data.x_train[train], data.y_train[train], data.x_test[:10], data.y_test[:10], data.source)


def samples(batch_size: int, seed: int) -> int:
    """Two whole batches and a short one: of a single sample for every third seed, else of as many as can be."""
    return 2 * batch_size + (1 if seed % 3 == 0 else max(batch_size - 1, 1))


@st.composite
def experiments(draw: DrawFn, arms: Sequence[Arm]) -> Experiment:
    kind, batch_size = draw(st.sampled_from(["mnist5k", "mnist5k", "sales", "polynomial"])), draw(batch_sizes)
    seed = draw(st.integers(0, 1000))
    count = samples(batch_size, seed)
    data, width = _data(kind, count, draw(st.integers(0, 100))), 10 if kind == "mnist5k" else 1
    loss = draw(varied("loss"))
    if loss.get("class_weights"):
        loss["class_weights"] = draw(st.lists(numbers(0.25, 4.0), min_size=width, max_size=width))
    end = draw(st.sampled_from(ENDS[type(parse("loss", loss)).outputs]))
    optimizer = draw(varied("optimizer"))
    if draw(st.integers(0, 3)) == 0:
        optimizer["groups"] = draw(groups())
    # A rate of 0 has no meaning to ftrl.
    usual = st.just({"kind": "constant", "rate": 0.05}) if optimizer["kind"] == "ftrl" else varied("schedule")
    schedule = draw(st.sampled_from([usual] * 7 + [huge_rates]))
    try:
        made = Experiment.model_validate(
            {
                "name": "random",
                "seed": seed,
                "data": data,
                "model": draw(models(SAMPLE_SHAPES[kind], width, end)),
                "loss": loss,
                "optimizer": optimizer,
                "schedule": draw(schedule),
                "regularizer": draw(seldom("regularizer")),
                "clipping": draw(seldom("clipping")),
                "weight_decay": draw(seldom("weight_decay")),
                "accumulation": draw(seldom("accumulation")),
                "lookahead": draw(seldom("lookahead")),
                "averaging": draw(seldom("averaging")),
                "training": {"epochs": EPOCHS, "batch_size": batch_size},
                "comparison": {"forced_steps": FORCED_STEPS, "free_steps": 3 * EPOCHS},
                "arms": [arm.model_dump(mode="json") for arm in arms],
            }
        )
    except ValidationError:
        hypothesis.reject()
    hypothesis.assume(made.data.classes is not None or not outside_domain(dataset(made), made.loss))
    hypothesis.assume(not unsupported(made, made.arms, list))
    return made


batch_sizes = st.one_of(st.integers(2, 12), st.integers(1, 12), st.just(1))
huge_rates = st.integers(3, 12).map(lambda power: {"kind": "constant", "rate": 10.0**power})


def _data(kind: str, count: int, seed: int) -> Plain:
    if kind == "sales":
        return {"kind": kind, "samples": count, "seed": seed}
    return (
        {"kind": kind, "train_size": count, "test_size": 10, "seed": seed} if kind == "polynomial" else {"kind": kind}
    )
