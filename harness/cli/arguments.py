"""What the command line takes: its verbs, their options, and what the shell completes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from harness import __version__
from harness.records.exit_codes import EXIT_CODES
from harness.system.files import conf_dir
from harness.system.text import printable

VERBS = {
    "match": "train an experiment on every arm by one plan, check parity, tabulate accuracy and time",
    "check": "climb the parity ladder without the long training",
    "compare": "compare two recorded runs, or two studies: their numbers, what changed, how long they took",
    "doctor": "say which frameworks, versions, devices and interpreters this machine can really use",
    "words": "say how each framework makes every word of the vocabulary",
    "ledger": "list where a framework departs from its formula, and run the evidence again",
    "schema": "print the JSON schema of an experiment, for editors",
    "completion": "print the shell code that completes verbs, groups and keys",
}
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
COMPARE_EXAMPLES = """\
examples:
  twinrun compare results/mnist_mlp/RUN_A results/mnist_mlp/RUN_B
  twinrun compare RUN_A RUN_B out=DIR
  twinrun compare RUN_ON_ASCEND RUN_ON_GPU --arms mindspore:tensorflow

Compared are runs of one experiment: the same data, model, optimizer, training and seed. Their arms may differ.
"""


class _Parser(argparse.ArgumentParser):
    """Shows what was typed as text, whatever is in it."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def parser() -> argparse.ArgumentParser:
    codes = "\n".join(["exit codes:", *(f"  {code:3}  {meaning}" for code, meaning in EXIT_CODES.items())])
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    top = _Parser(
        prog="twinrun",
        description="Matched trainings of one abstract spec in MindSpore and TensorFlow, compared number by number.",
        epilog=f"{EXAMPLES}\n{codes}",
        **shape,
    )
    top.add_argument("--version", action="version", version=f"twinrun {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    for verb, meaning in VERBS.items():
        sub = verbs.add_parser(verb, help=meaning, description=meaning[0].upper() + meaning[1:] + ".", **shape)
        if verb in ("match", "check"):
            _add_experiment_arguments(sub)
            sub.epilog = f"{_groups()}\n\n{EXAMPLES}\n{codes}"
        if verb == "compare":
            _add_compare_arguments(sub)
            sub.epilog = f"{COMPARE_EXAMPLES}\n{codes}"
        if verb == "words":
            _add_words_arguments(sub)
        if verb == "ledger":
            entry = sub.add_argument("id", nargs="?", metavar="ID", help="print this entry whole, and run its evidence")
            entry.completer = _entries  # type: ignore[attr-defined]
            sub.add_argument(
                "--verify", action="store_true", help="run the evidence of all; 1 where a divergence is gone"
            )
            sub.add_argument("--markdown", action="store_true", help="print the table as Markdown")
        if verb == "schema":
            sub.add_argument("section", nargs="?", help="only this part of it: schedule, model, arms, ...")
        if verb == "completion":
            sub.add_argument("shell", choices=("bash", "zsh", "fish"), nargs="?", default="bash")
            sub.epilog = 'for example:  eval "$(twinrun completion bash)"'
    return top


def _add_experiment_arguments(sub: argparse.ArgumentParser) -> None:
    overrides = sub.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="OVERRIDE",
        help="GROUP=OPTION or KEY=VALUE in Hydra's syntax; from=FILE repeats a recorded experiment.json",
    )
    overrides.completer = _complete  # type: ignore[attr-defined]
    sub.add_argument("--cfg", choices=("job",), help="print the composed config and do nothing else")
    sub.add_argument(
        "--config-dir", type=Path, action="append", default=[], metavar="DIR", help="a folder with groups of your own"
    )
    sub.add_argument(
        "--trust", action="store_true", help="let files give arms a python, or an environment, that can run code"
    )


def _add_compare_arguments(sub: argparse.ArgumentParser) -> None:
    runs = sub.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="RUN",
        help="the folders of two runs, or of two studies; out=DIR for the report, by default results/compare/<time>",
    )
    runs.completer = _folders  # type: ignore[attr-defined]
    sub.add_argument(
        "--arms",
        action="append",
        default=[],
        metavar="A:B",
        help="compare this arm of RUN_A with that arm of RUN_B; again for more. Else arms of one name are compared, "
        "then those of one adapter, mode and precision",
    )


def _add_words_arguments(sub: argparse.ArgumentParser) -> None:
    family = sub.add_argument("family", nargs="?", metavar="FAMILY", help="only this family: activation, loss, ...")
    family.completer = _families  # type: ignore[attr-defined]
    sub.add_argument("--device", choices=("cpu", "gpu", "ascend"), default="cpu", help="as declared for this device")
    sub.add_argument("--mode", action="append", default=[], metavar="MODE", help="jit, pynative; graph, eager, xla")
    sub.add_argument("--realisation", choices=("native", "exact"), default="native", help="the arms' policy")
    sub.add_argument("--by", action="store_true", help="show also by what, and why")
    sub.add_argument("--markdown", action="store_true", help="print the whole of docs/semantics.md")


def _complete(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    from harness.composition import completions

    return completions(prefix, getattr(parsed_args, "config_dir", ()))


def _folders(prefix: str, **_: Any) -> list[str]:
    from argcomplete.completers import DirectoriesCompleter

    if prefix.startswith("out="):
        return [f"out={folder}" for folder in DirectoriesCompleter()(prefix.removeprefix("out="))]
    return [*DirectoriesCompleter()(prefix), *(["out="] if "out=".startswith(prefix) else [])]


def _families(**_: Any) -> list[str]:
    from harness.spec.vocabulary import BASES

    return list(BASES)


def _entries(**_: Any) -> list[str]:
    from harness.ledger.loading import ledger

    return [entry.id for entry in ledger()]


def _groups() -> str:
    options = {
        group.name: ", ".join(sorted(file.stem for file in group.glob("*.yaml")))
        for group in sorted(conf_dir().iterdir())
        if group.is_dir()
    }
    return "\n".join(["groups:", *(f"  {name:12} {listed}" for name, listed in options.items())])
