"""Command lines drawn from a seed: of every verb, that can be run, and that are odd in one way or in several."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import odd_arguments as odds
from odd_files import OPTIONS
from odd_texts import ARMS, BASES, OPTIONS_TYPED, PATHS, ROOTS
from odd_values import odd

from harness.composition import completions
from harness.spec.vocabulary import BASES as FAMILIES

WHOLE_EVERY = 100
# What makes a run that is to end within seconds; the last word is theirs.
TINY = (
    "model.layers=[flatten, {kind: dense, units: 10, kernel_initializer: zeros}]",
    "data=mnist5k",
    "loss=softmax_cross_entropy",
    "training.epochs=1",
    "training.batch_size=50",
    "training.max_steps=3",
    "comparison.free_steps=3",
    "comparison.forced_steps=2",
    "arms=[{use: reference, name: first, precision: float32}]",
)
COMPLETE = "complete"  # no verb: what the shell asks for while the user types


@dataclass(frozen=True)
class Trial:
    """One command line. `refused`: why it must not be taken as it stands; empty where it may."""

    number: int
    arguments: tuple[str, ...]
    whole: bool = False
    refused: str = ""

    def without(self, position: int) -> Trial:
        rest = (*self.arguments[:position], *self.arguments[position + 1 :])
        return replace(self, arguments=rest, refused=self.refused if self.refused in rest else "")


def drawn(seed: int, number: int) -> Trial:
    """The trial of this number; by itself, so that any can be repeated alone."""
    random = Random(f"{seed}:{number}")
    if number % WHOLE_EVERY == WHOLE_EVERY - 1:
        return Trial(number, _whole(random), whole=True)
    kinds = (_sound, _unfit, _odd, _pair, _compare, _other, _sweep, _sweep_action, _hosts)
    trial = random.choices(kinds, weights=(41, 7, 20, 12, 4, 6, 6, 2, 2))[0](random)
    return replace(trial, number=number)


def _verb(random: Random) -> str:
    return random.choice(("match", "check"))


def _sound(random: Random) -> Trial:
    arguments = [*odds.base(random), *(odds.word(random) for _ in range(random.randrange(3)))]
    arguments += [odds.value(random) for _ in range(random.randrange(3))]
    if random.random() < 0.5:
        arguments.append(f"arms={random.choice(ARMS)}")
    if random.random() < 0.2:
        arguments = [random.choice(("+", "++")) + text if text.startswith("training") else text for text in arguments]
    options = ["--cfg", "job"] if random.random() < 0.05 else []
    return Trial(0, (_verb(random), *options, *arguments))


def _unfit(random: Random) -> Trial:
    override = odds.unfit_number(random)
    return Trial(0, (_verb(random), *odds.base(random), override), refused=override)


def _odd(random: Random) -> Trial:
    if random.random() < 0.02:  # a study of all its variants, which takes long to compose
        arguments = [f"experiment={random.choice(odds.variants())[0]}"]
    else:
        arguments = [*odds.base(random), *(odds.word(random) for _ in range(random.randrange(2)))]
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        arguments.insert(random.randint(0, len(arguments)), odds.odd_override(random))
    return Trial(0, (_verb(random), *arguments))


def _pair(random: Random) -> Trial:
    file = "pair.yaml" if random.random() < 0.6 else odds.file(random, ".yaml")
    paths = [f"inputs/{file}"] if random.random() < 0.9 else [random.choice(PATHS)]
    arguments = [f"pair={path}" for path in paths * random.choice((1, 1, 1, 2))]
    arguments += [random.choice(_PAIR)(random) for _ in range(random.choice((0, 0, 1, 1, 2)))]
    random.shuffle(arguments)
    return Trial(0, (random.choice(("check",) * 9 + ("match",)), *arguments))


_PAIR = (
    lambda random: (
        f"{random.choice(('steps', 'forced_steps', 'batch_size', 'seed'))}={random.choice((2, 3, odd(random)))}"
    ),
    lambda random: f"{random.choice(('batches', 'models.tensorflow.builder'))}={_code(random)}",
    lambda random: (
        f"{random.choice(('models', 'parameters', 'models.reference', 'parameters.x', 'arms', 'name'))}={odd(random)}"
    ),
    odds.word,
    odds.odd_override,
    lambda random: "arms=[tensorflow,tensorflow_eager]",
)


def _code(random: Random) -> str:
    files = ("broken.py", "deep.py", "nul.py", "latin1.py", "folder.py", "fifo.py", "nosuch.py", "models_tensorflow.py")
    return f"{random.choice(files)}:{random.choice(('net', 'small_cnn', 'nosuch', 'é', ''))}"


def _compare(random: Random) -> Trial:
    runs = ["run_a", "run_b"]
    folders = [random.choice((*runs, *runs, random.choice(PATHS))) for _ in range(random.choice((2, 2, 2, 2, 0, 1, 3)))]
    outs = [f"out={random.choice(('report', *PATHS))}" for _ in range(random.choice((0, 1, 1, 2)))]
    arms = [f"--arms={random.choice(('first:first', 'first:second', ':', 'a:b:c', 'nosuch:first', odd(random)))}"]
    return Trial(0, ("compare", *folders, *outs, *(arms if random.random() < 0.4 else ())))


def _sweep(random: Random) -> Trial:
    """A sweep: its flags, swept values and what is of Hydra, sound or odd."""
    arguments = [*random.choice(BASES), random.choice(_SWEPT)(random)]
    arguments += [random.choice(_SWEPT)(random) for _ in range(random.choice((0, 0, 1)))]
    arguments += [odds.of_hydra(random) for _ in range(random.choice((0, 1, 1, 2)))]
    arguments += [random.choice((odds.odd_override, odds.value))(random)] * (random.random() < 0.3)
    random.shuffle(arguments)
    flags = random.choice(((), (), ("--fail-fast",), ("--multirun",), ("--config-name", odd(random)), ("--trust",)))
    verb = random.choice((("check", "-m"), ("match", "-m"), ("bench", "-m"), ("sweep", "submit", "check")))
    return Trial(0, (*verb, *flags, *arguments))


_SWEPT = (
    lambda random: f"seed={random.choice(('0,1', 'range(0,3)', 'choice(4,5)', 'range(0,99999)', odd(random)))}",
    lambda random: f"{random.choice(FAMILIES_SWEPT)}=glob({random.choice(('*', 'c*', 'nosuch*', odd(random)))})",
    lambda random: f"optimizer={','.join(random.sample(('adam', 'sgd', 'momentum', 'nosuch', ''), 2))}",
    lambda random: f"training.batch_size={random.choice(('50', '100'))},{odd(random)}",
    lambda random: (
        f"{random.choice(odds.keys())}={random.choice(('interval(0.1,1)', 'tag(log,interval(1,2))', 'a,b'))}"
    ),
)
_SPACES = ("interval(0.1,1)", "tag(log,interval(1,2))", "interval(1,0)", "a,b")
FAMILIES_SWEPT = ("schedule", "optimizer", "activation", "loss", "model", "experiment")


def _sweep_action(random: Random) -> Trial:
    action = random.choice(("submit", "status", "collect", "cancel", "resume", odd(random)))
    folders = [random.choice(("run_a", "inputs", *PATHS)) for _ in range(random.choice((0, 1, 1, 1, 2)))]
    flags = random.choice(((), (), ("--json",), ("-q",), ("--wait",), ("--fail-fast",), ("--nosuch",)))
    return Trial(0, ("sweep", action, *folders, *flags))


def _hosts(random: Random) -> Trial:
    """An export for other hosts, or a recording of what is no exported file."""
    if random.random() < 0.5:
        arguments = [*random.choice((*BASES, ("run_a",), ("nosuch",))), "to=hosts"]
        arguments += [random.choice((odds.odd_override, odds.value))(random) for _ in range(random.choice((0, 1, 2)))]
        return Trial(0, ("export", *arguments))
    source = random.choice((f"inputs/{odds.file(random, '.json')}", *PATHS))
    arguments = [f"arm={random.choice(('mindspore', 'first', odd(random)))}", f"from={source}"]
    arguments += [f"arm.{random.choice(('device', 'device_id', 'threads', 'python', 'nosuch'))}={odd(random)}"]
    return Trial(0, ("record", *random.sample(arguments, random.choice((1, 2, 3)))))


def _other(random: Random) -> Trial:
    anything = odd(random)
    kinds = (
        lambda: ("words", random.choice((*FAMILIES, anything)), *random.choice(((), ("--by",), ("--mode", anything)))),
        lambda: ("words", random.choice(tuple(FAMILIES)), random.choice(OPTIONS_TYPED)),
        lambda: ("ledger", random.choice((anything, *OPTIONS, "--markdown", "--verify=1"))),
        lambda: ("schema", random.choice((*ROOTS, *FAMILIES, anything))),
        lambda: ("doctor", random.choice((anything, "--nosuch", "out=x", "--help"))),
        lambda: ("completion", random.choice(("bash", "zsh", "fish", anything))),
        lambda: (random.choice((anything, "mach", "--version", "-h", "", "--", "MATCH")), *random.choice(((), ("x",)))),
        lambda: (),
        lambda: (COMPLETE, _prefix(random)),
    )
    return Trial(0, random.choice(kinds)())


def _prefix(random: Random) -> str:
    text = random.choice((odds.odd_override(random), odds.word(random), random.choice(completions("")), "arms=["))
    return text[: random.randint(0, len(text))]


def _whole(random: Random) -> tuple[str, ...]:
    """A run of a few steps, by its words another each time; seldom one that starts the frameworks."""
    chance = random.random()
    if chance < 0.004:
        return ("doctor",)
    words = [odds.word(random) for _ in range(random.randrange(3))]
    rungs = random.choice(
        ("[schedule,loss]", "[optimizer]", "[model,step]", "[layer,activation]", "[trajectory]", "[self,model]")
    )
    arms = ("arms=[mindspore,tensorflow]",) if chance < 0.02 else random.choice(_WHOLE_ARMS)
    more = random.choice(((), ("suite=[cosine,constant]",), ("seeds=2",), ("vocabulary=[regularizer]",), ("seed=5",)))
    verb = random.choice(("check", "check", "check", "match"))
    return (verb, *words, *TINY, f"rungs={rungs}", *more, *arms, "out=run")


_WHOLE_ARMS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("arms=[{use: reference, name: first},{use: reference, name: second, precision: float32}]",),
    ("arms=[{use: reference, name: first, timeout_s: 1e10}]",),
    ("arms=[{use: reference, name: first, environment: {'A=B': x}}]",),
    ("arms=[{use: reference, name: first, timeout_s: 0.01},{use: reference, name: second}]",),
    ("arms=[{use: reference, name: first, threads: 1},{use: reference, spec: {optimizer: {kind: sgd}}}]",),
)
