"""What `match` and `check` share: the arguments that describe an experiment or a pair, and the code that runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

from harness.cli.hydra_flags import add_flags, as_of_hydra, known_of, multirun, refuse_without_multirun
from harness.cli.verb import CODES, add_detail
from harness.system.config_folders import installed_folders, options_in

PREPARING = "reading the experiment and its data"
PAIR_ALONE = "pair=FILE is for twinrun check, without --cfg and --info: models of your own have no config of ours"
SLOW_S = 1.0  # seconds after which that is said
EXAMPLES = """\
examples:
  twinrun match
  twinrun match experiment=mnist_mlp data=mnist data.root=DIR training.epochs=10
  twinrun match arms=[tensorflow,tensorflow_eager] schedule=cosine optimizer=nesterov seed=7 out=DIR
  twinrun match arm.precision=float64 training.max_steps=100
  twinrun match from=results/mnist_mlp/RUN/experiment.json
  twinrun check suite=schedules
  twinrun check pair=examples/pair/small_cnn.yaml
  twinrun compare results/mnist_mlp/RUN_A results/mnist_mlp/RUN_B
  twinrun words activation --by
  twinrun ledger --verify
"""


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """Adds the arguments that describe an experiment."""
    add_completed_overrides(
        sub, "GROUP=OPTION or KEY=VALUE in Hydra's syntax; from=FILE repeats a recorded experiment.json"
    )
    add_flags(sub)
    add_sources(sub)
    sub.epilog = f"{groups_in_words()}\n\n{EXAMPLES}\n{CODES}"


def add_completed_overrides(sub: argparse.ArgumentParser, meaning: str) -> None:
    """Adds the argument for overrides of an experiment, which a shell completes. `meaning`: its help."""
    overrides = sub.add_argument("overrides", nargs="*", default=[], metavar="OVERRIDE", help=meaning)
    overrides.completer = _complete  # type: ignore[attr-defined]


def add_sources(sub: argparse.ArgumentParser) -> None:
    """Adds the options for files that describe an experiment."""
    sub.add_argument(
        "--config-dir", type=Path, action="append", default=[], metavar="DIR", help="a folder with groups of your own"
    )
    add_trust(sub)


def add_trust(sub: argparse.ArgumentParser) -> None:
    """Adds the option by which files may name code."""
    sub.add_argument(
        "--trust", action="store_true", help="let files give arms a python, or an environment, that can run code"
    )


def add_with_detail(sub: argparse.ArgumentParser, everything: str = "every check") -> None:
    """Adds the arguments that describe an experiment, and the options for how much is printed."""
    add_arguments(sub)
    add_detail(sub, everything)


def names_a_pair(options: argparse.Namespace) -> bool:
    """Whether the command line names two models of a user's own."""
    return any(text.startswith("pair=") for text in options.overrides)


def run(options: argparse.Namespace) -> int:
    """Runs the experiment, the study or the pair that the options describe. Returns the exit code."""
    refuse_without_multirun(options)
    if options.info is not None or options.cfg is not None:
        return show(options)
    if options.multirun:
        return multirun(options, announce)
    with as_of_hydra(options, lambda: None if names_a_pair(options) else _prepared(options)):
        return _pair(options) if names_a_pair(options) else _one(options)


def _prepared(options: argparse.Namespace) -> tuple[Any, Any]:
    """The study and its data. Raises UserMistake with all mistakes."""
    from harness.composition.preflight import prepare

    return prepare(options.overrides, options.config_dir, options.trust, known_of(options))


def _one(options: argparse.Namespace) -> int:
    with preparing(options):
        study, data = _prepared(options)
    announce(study.code)
    from harness.report.presented import InDetail
    from harness.scenarios.start import start

    return start(options.verb, study, data, InDetail(options.detail))


def preparing(options: argparse.Namespace) -> AbstractContextManager[None]:
    """Context that says, where more than the end is printed, that reading the experiment takes long."""
    from harness.report.detail import ONLY_THE_END
    from harness.system.progress import said_if_slow

    return nullcontext() if options.detail in ONLY_THE_END else said_if_slow(PREPARING, SLOW_S)


def _pair(options: argparse.Namespace) -> int:
    from harness.composition import UserMistake
    from harness.subjects.pair.composing import compose_pair

    if options.verb != "check":
        raise UserMistake([PAIR_ALONE])
    composed = compose_pair(options.overrides, options.config_dir, trust=options.trust)
    announce(composed.code)
    from harness.report.presented import InDetail
    from harness.scenarios.pair.start import start_pair

    shown = InDetail(options.detail)
    return start_pair(composed, shown.pair_listener(), shown.page_of, shown.write_page, shown.notice)


def announce(code: Iterable[object]) -> None:
    """Prints the trusted settings from files that can run code, before that code runs."""
    from harness.system.text import printable

    for setting in code:
        print(f"twinrun: trusted: {printable(setting)}", file=sys.stderr, flush=True)


def show(options: argparse.Namespace) -> int:
    """Prints the config of `--cfg`, or what `--info` asks for. Returns the exit code."""
    from harness.cli.config_shown import print_config, print_info
    from harness.composition import UserMistake

    if names_a_pair(options):
        raise UserMistake([PAIR_ALONE])
    return print_config(options) if options.info is None else print_info(options)


def _complete(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    from harness.composition import completions

    return completions(prefix, getattr(parsed_args, "config_dir", ()))


def groups_in_words() -> str:
    """The help on config groups: a line for each group with its options."""
    options_by_group: dict[str, set[str]] = {}
    for file in chain.from_iterable(map(options_in, installed_folders())):
        options_by_group.setdefault(file.parent.name, set()).add(file.stem)
    return "\n".join(
        [
            "groups:",
            *(f"  {group:12} {', '.join(sorted(options_by_group[group]))}" for group in sorted(options_by_group)),
        ]
    )
