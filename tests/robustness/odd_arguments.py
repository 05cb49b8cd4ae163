"""Overrides, options and paths, one by one: as a spec has them, and odd."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

import odd_values
import yaml
from odd_files import OPTIONS, TEXTS, places
from odd_values import fitting, odd, typed

from harness.composition import completions, conf_dir
from harness.composition.fields import Place, places_at
from harness.spec.vocabulary import specimens

# Choices that make an experiment together.
BASES: tuple[tuple[str, ...], ...] = (
    (),
    ("scale=smoke",),
    ("model=mlp_relu", "scale=smoke"),
    ("model=cnn",),
    ("experiment=polynomial",),
    ("model=linear_2", "data=sales", "loss=mean_squared_error", "training.batch_size=8"),
    ("model.layers=[flatten, {kind: dense, units: 10, kernel_initializer: zeros}]", "training.batch_size=50"),
    ("model=mlp_3_hidden", "loss=mean_squared_error"),
    ("experiment=sales",),
    ("from=inputs/experiment.json",),
)
FAMILIES = ("optimizer", "schedule", "clipping", "weight_decay", "regularizer")
ROOTS = ("training", "comparison", "seed", "name", "rungs", "vocabulary", "seeds", "arm")
HANGING_TOGETHER = ("arm.adapter", "arm.mode")  # with one another
ARMS = (
    "[reference]",
    "[tensorflow]",
    "[mindspore,tensorflow]",
    "[{use: reference, name: first},{use: reference, name: second, precision: float32}]",
    "[{name: a, adapter: tensorflow, mode: graph},mindspore_pynative]",
    "[{use: tensorflow, environment: {OMP_NUM_THREADS: 1}},tensorflow,tensorflow]",
    "[{use: tensorflow, spec: {optimizer: {kind: sgd}}},mindspore]",
)
ODD_ARMS = (
    "[{use: reference, environment: {'A=B': x}}]",
    "[{use: reference, environment: {PYTHONPATH: x, LD_PRELOAD: y}}]",
    "[{use: reference, environment: {A: '\x1b[31m'}}]",
    "[{use: reference, python: /dev/null}]",
    "[{use: reference, python: '~nosuchuser/x'}]",
    "[{use: reference, spec: {model.layers.99.units: 1}}]",
    "[{use: reference, spec: {optimizer: {kind: [1]}}}]",
    "[{use: reference, spec: {a.b: 1, '': 2}}]",
    "[{use: reference, name: '[/bold]'}]",
    "[{use: reference, name: ..}]",
    "[{use: reference, name: " + "x" * 300 + "}]",
    "[" + ",".join(["reference"] * 200) + "]",
    "[{adapter: nosuch, name: a, mode: b}]",
    "[{use: {use: reference}}]",
    "[reference,1,null,true,[reference]]",
    "{a: 1}",
    "all",
)
PATHS = (
    "run",
    "a/b/c",
    "inputs",
    "inputs/experiment.json",
    "inputs/pair.yaml/below",
    "nosuch/x.json",
    "x" * 300,
    "a/" * 2500,
)
PATHS += (
    "~nosuchuser",
    "~nosuchuser/x",
    "~",
    "~/run",
    "~root/nosuch",
    "/dev/zero",
    "/dev/null",
    "/dev/full",
    "/dev/stdin",
    "/proc/self/mem",
)
PATHS += (
    "/proc/x",
    "/",
    ".",
    "..",
    "",
    "null",
    "a\nb",
    "\x1b[2J",
    "[/bold]x",
    "é",
    "\udcff",
    "a\udc80/b",
    "$HOME",
    "${seed}",
    "'q'",
    "//x",
)
KEYS = (
    "nosuch",
    "trainin.epochs",
    "training.epoch",
    "epochs",
    "",
    ".",
    "a..b",
    "arms.0.name",
    "arms.99.name",
    "arms.-1.name",
    "arms.x",
)
KEYS += (
    "model.layers.1.units",
    "model.layers.0",
    "suite.0",
    "hydra",
    "hydra.run.dir",
    "hydra/launcher",
    "hydra.sweep",
    "_self_",
    "defaults",
)
KEYS += (
    "_target_",
    "__class__",
    "null",
    "true",
    "0",
    "1.2",
    "é",
    "\x1b[31m",
    "<img>",
    "a b",
    "x" * 5000,
    ".".join("a" * 300),
    "a@b",
    "a/b",
)
KEYS += (
    "${seed}",
    "arm",
    "arm.name",
    "arm.nosuch",
    "model",
    "model.layers",
    "variants.a",
    "orderings",
    "expected",
    "expected.0",
    "data.root",
)
OPTIONS_TYPED = (
    "-",
    "--",
    "--nosuch",
    "--cfg",
    "--cfg=all",
    "--config-dir",
    "--config-dir=",
    "-x",
    "--help",
    "-h",
    "--version",
    "--conf=x",
)
OPTIONS_TYPED += (
    "--cfg=job",
    "--verify=x",
    "--markdown",
    "--arms",
    "--arms=a:b",
    "--\x1b[31m",
    "--é",
    "--config-dir=inputs/conf",
)
OPTIONS_TYPED += tuple(
    f"--config-dir={path}"
    for path in ("inputs", "inputs/fifo", "nosuch", "~nosuchuser", "x" * 300, "/dev/zero", "\udcff")
)


@cache
def keys() -> tuple[str, ...]:
    """All that may stand before an equals sign."""
    return tuple(key.removesuffix("=") for key in completions("") if key != "from=")


@cache
def options(group: str) -> tuple[str, ...]:
    return tuple(text.partition("=")[2] for text in completions(f"{group}="))


@cache
def variants() -> tuple[tuple[str, str], ...]:
    """The name of every shipped experiment that has variants, with each of them."""
    trees = {file.stem: yaml.safe_load(file.read_text()) for file in (conf_dir() / "experiment").glob("*.yaml")}
    return tuple(sorted((name, variant) for name, tree in trees.items() for variant in tree.get("variants", ())))


def base(random: Random) -> list[str]:
    """The choices of an experiment that can be run."""
    if random.random() < 0.15:
        experiment, variant = random.choice(variants())
        return [f"experiment={experiment}", f"variant={variant}"]
    return list(random.choice(BASES))


def word(random: Random) -> str:
    """A word of the update: by name, or whole."""
    family = random.choice(FAMILIES)
    if random.random() < 0.5:
        return f"{family}={random.choice(options(family))}"
    return f"{family}={typed(random.choice(specimens(family)).model_dump(mode='json'))}"


def place_of(random: Random, key: str) -> Place:
    path = tuple(key.split("."))
    places = places_at(("arms", "0", *path[1:]) if path[0] == "arm" else path)
    return random.choice(places) if places else Place(path, None)


def value(random: Random) -> str:
    """A field that belongs to every experiment, and a value that may stand there."""
    key = random.choice([key for key in keys() if key.partition(".")[0] in ROOTS and key not in HANGING_TOGETHER])
    if key == "seeds":
        return f"seeds={random.choice(('3', '[1,2,5]'))}"
    return f"{key}={typed(fitting(random, place_of(random, key)))}"


def odd_override(random: Random) -> str:
    """A key, a value or a form that no spec has, or not there."""
    key = random.choice((random.choice(keys()), random.choice(keys()), random.choice(KEYS)))
    kinds = (
        lambda: f"{key}={odd(random)}",
        lambda: f"{key}={odd(random)}",
        lambda: f"{random.choice(('+', '++', '~', '+++', '~~'))}{key}={odd(random)}",
        lambda: f"~{key}",
        lambda: key,
        lambda: f"{random.choice(('out', 'results_root', 'from', 'data.root', 'arm.python'))}={random.choice(PATHS)}",
        lambda: f"from=inputs/{file(random, '.json')}",
        lambda: f"arms={random.choice(ODD_ARMS)}",
        lambda: random.choice(OPTIONS_TYPED),
        lambda: (
            f"{random.choice(('optimizer', 'loss', 'arm', 'mine', 'hydra', 'é', 'experiment'))}={random.choice(OPTIONS)}"
        ),
        lambda: f"arms=[{random.choice(OPTIONS)}]",
        lambda: f"variants={{a: [{key}={random.choice(odd_values.NUMBERS)}], b: []}}",
    )
    return random.choice(kinds)()


def unfit_number(random: Random) -> str:
    """A number's field with what is no number, or none that float32 holds."""
    numbers = [(key, kinds) for key in keys() if (kinds := _kinds(key)) and kinds <= {int, float}]
    key, kinds = random.choice(numbers)
    if float in kinds and key.partition(".")[0] in FAMILIES and random.random() < 0.3:
        return f"{key}={random.choice(('1e308', '1e39', '-1e39'))}"
    return f"{key}={random.choice((*odd_values.NO_NUMBERS, *(['0.5'] if kinds == {int} else [])))}"


@cache
def _kinds(key: str) -> frozenset[type]:
    path = tuple(key.split("."))
    places = places_at(("arms", "0", *path[1:]) if path[0] == "arm" else path)
    return frozenset(kind for place in places for kind in odd_values.plain_kinds(place.annotation))


def file(random: Random, suffix: str) -> str:
    """The name of a file in `inputs`: damaged, odd, or none."""
    odd_places: Sequence[str] = [name for name in places() if name.endswith(suffix) or "." not in name]
    kinds = (
        [f"damaged{number}{suffix}" for number in range(12)],
        [f"{name}{suffix}" for name in TEXTS],
        odd_places,
    )
    return random.choice(random.choice(kinds))
