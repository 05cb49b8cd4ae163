"""Overrides, options and paths, one by one: as a spec has them, and odd."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

import odd_texts
import odd_values
import yaml
from odd_files import OPTIONS, TEXTS, places
from odd_texts import BASES, FAMILIES, GROUPS, HANGING_TOGETHER, KEYS, ODD_ARMS, OPTIONS_TYPED, PATHS, ROOTS
from odd_values import fitting, odd

from harness.composition import completions
from harness.composition.fields import Place, places_at
from harness.composition.overrides import as_typed
from harness.spec.vocabulary import specimens
from harness.system.files import conf_dir


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
    return f"{family}={as_typed(random.choice(specimens(family)).model_dump(mode='json'))}"


def place_of(random: Random, key: str) -> Place:
    path = tuple(key.split("."))
    places = places_at(("arms", "0", *path[1:]) if path[0] == "arm" else path)
    return random.choice(places) if places else Place(path, None)


def value(random: Random) -> str:
    """A field that belongs to every experiment, and a value that may stand there."""
    key = random.choice([key for key in keys() if key.partition(".")[0] in ROOTS and key not in HANGING_TOGETHER])
    if key == "seeds":
        return f"seeds={random.choice(('3', '[1,2,5]'))}"
    return f"{key}={as_typed(fitting(random, place_of(random, key)))}"


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
        lambda: f"{random.choice(GROUPS)}={random.choice(OPTIONS)}",
        lambda: f"arms=[{random.choice(OPTIONS)}]",
        lambda: f"variants={{a: [{key}={random.choice(odd_texts.NUMBERS)}], b: []}}",
    )
    return random.choice(kinds)()


def of_hydra(random: Random) -> str:
    """A choice or a field of Hydra's own node, as it is or odd."""
    kinds = (
        lambda: f"hydra/launcher={random.choice(('basic', 'joblib', 'nosuch', odd(random)))}",
        lambda: f"hydra/sweeper={random.choice(('basic', 'twinrun_optuna', odd(random)))}",
        lambda: f"hydra.launcher.{random.choice(('n_jobs', 'devices', 'jobs_per_process', 'nosuch'))}={odd(random)}",
        lambda: f"hydra.sweeper.{random.choice(('n_trials', 'objective', 'sampler', 'params'))}={odd(random)}",
        lambda: f"hydra.sweep.{random.choice(('dir', 'subdir'))}={random.choice(('s', '${seed}', *PATHS))}",
        lambda: f"hydra.job.env_set.{random.choice(('A', 'PYTHONPATH', 'x y'))}={odd(random)}",
        lambda: f"hydra/{random.choice(('callbacks', 'job_logging', 'output', 'help'))}={odd(random)}",
        lambda: f"hydra.{random.choice(('run.dir', 'mode', 'verbose', 'searchpath'))}={odd(random)}",
        lambda: f"hydra.launcher._target_={random.choice(('os.system', odd(random)))}",
    )
    return random.choice(kinds)()


def unfit_number(random: Random) -> str:
    """A number's field with what is no number, or none that float32 holds."""
    numbers = [(key, kinds) for key in keys() if (kinds := _kinds(key)) and kinds <= {int, float}]
    key, kinds = random.choice(numbers)
    if float in kinds and key.partition(".")[0] in FAMILIES and random.random() < 0.3:
        return f"{key}={random.choice(('1e308', '1e39', '-1e39'))}"
    return f"{key}={random.choice((*odd_texts.NO_NUMBERS, *(['0.5'] if kinds == {int} else [])))}"


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
