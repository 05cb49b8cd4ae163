"""The command `twinrun`. Imports what a verb needs when it needs it, so that help and mistakes come at once."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness import __version__

VERBS = {
    "match": "train an experiment on every arm by one plan, check parity, tabulate accuracy and time",
    "check": "climb the parity ladder without the long training",
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
  twinrun words activation --by
  twinrun ledger --verify
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the process' exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(given)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _dispatch(given: list[str]) -> int:
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    from harness.composition import UserMistake
    from harness.composition.mistakes import no_such

    try:
        if given and not given[0].startswith("-") and given[0] not in VERBS:
            raise UserMistake([no_such(f"there is no verb {given[0]!r}", given[0], VERBS)])
        chosen, rest = parser.parse_known_args(given)
        if chosen.verb is None:
            parser.print_help()
            return 2
        unknown = [option for option in rest if option.startswith("-") or not hasattr(chosen, "overrides")]
        if unknown:
            raise UserMistake([f"twinrun {chosen.verb} knows no option {option}; see --help" for option in unknown])
        if hasattr(chosen, "overrides"):
            chosen.overrides += rest
        return int(_RUN[chosen.verb](chosen))
    except UserMistake as mistake:
        print(f"twinrun: {mistake}", file=sys.stderr)
        return 2


def _run(chosen: argparse.Namespace) -> int:
    if chosen.cfg == "job":
        return _print_config(chosen)
    from harness.preflight import prepare

    study, data = prepare(chosen.overrides, chosen.config_dir)
    from harness.start import start

    # A stop asked for politely keeps what was recorded, as Ctrl-C does.
    signal.signal(signal.SIGTERM, _stop)
    return start(chosen.verb, study, data)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def _print_config(chosen: argparse.Namespace) -> int:
    from omegaconf import OmegaConf

    from harness.composition import compose_dict

    print(OmegaConf.to_yaml(OmegaConf.create(compose_dict(chosen.overrides, chosen.config_dir))), end="")
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from harness.doctor import examine

    return examine()


def _words(chosen: argparse.Namespace) -> int:
    import adapters
    from harness import words
    from harness.spec.vocabulary import BASES

    if chosen.family is not None:
        _known("family", chosen.family, BASES)
    modes = [mode for name in words.FRAMEWORKS for mode in adapters.modes(name)]
    for mode in chosen.mode:
        _known("mode", mode, modes)
    view = words.View(chosen.device, chosen.realisation, tuple(chosen.mode))
    if not chosen.markdown:
        return words.show(chosen.family, view, chosen.by)
    from harness.semantics import page

    print(page([chosen.family] if chosen.family else list(BASES), view), end="")
    return 0


def _ledger(chosen: argparse.Namespace) -> int:
    from harness.ledger import show
    from harness.ledger.loading import ledger

    if chosen.id is not None and chosen.verify:
        from harness.composition import UserMistake

        raise UserMistake(["give either an ID or --verify"])
    if chosen.verify:
        return show.verified(chosen.markdown)
    if chosen.id is None:
        return show.table(chosen.markdown)
    _known("entry", chosen.id, [entry.id for entry in ledger()])
    return show.one(chosen.id)


def _known(what: str, given: str, allowed: Iterable[str]) -> None:
    """UserMistake, with the nearest name, where what was given is none of what is allowed."""
    from harness.composition import UserMistake
    from harness.composition.mistakes import no_such

    if given not in allowed:
        raise UserMistake([no_such(f"there is no {what} {given!r}", given, allowed)])


def _schema(chosen: argparse.Namespace) -> int:
    import json

    from pydantic import TypeAdapter

    from harness.composition import UserMistake
    from harness.composition.mistakes import no_such
    from harness.spec.experiment import Experiment

    sections: dict[str, Any] = {name: field.rebuild_annotation() for name, field in Experiment.model_fields.items()}
    if chosen.section is not None and chosen.section not in sections:
        raise UserMistake([no_such(f"there is no section {chosen.section!r}", chosen.section, sections)])
    wanted = Experiment if chosen.section is None else sections[chosen.section]
    print(json.dumps(TypeAdapter(wanted).json_schema(), indent=2))
    return 0


def _completion(chosen: argparse.Namespace) -> int:
    import argcomplete.shell_integration

    print(argcomplete.shell_integration.shellcode(["twinrun"], shell=chosen.shell))
    return 0


_RUN = {
    "match": _run,
    "check": _run,
    "doctor": _doctor,
    "words": _words,
    "ledger": _ledger,
    "schema": _schema,
    "completion": _completion,
}


def _parser() -> argparse.ArgumentParser:
    from harness.outcome import EXIT_CODES

    codes = "\n".join(["exit codes:", *(f"  {code:3}  {meaning}" for code, meaning in EXIT_CODES.items())])
    shape: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = argparse.ArgumentParser(
        prog="twinrun",
        description="Matched trainings of one abstract spec in MindSpore and TensorFlow, compared number by number.",
        epilog=f"{EXAMPLES}\n{codes}",
        **shape,
    )
    parser.add_argument("--version", action="version", version=f"twinrun {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for verb, meaning in VERBS.items():
        sub = verbs.add_parser(verb, help=meaning, description=meaning[0].upper() + meaning[1:] + ".", **shape)
        if verb in ("match", "check"):
            _add_experiment_arguments(sub)
            sub.epilog = f"{_groups()}\n\n{EXAMPLES}\n{codes}"
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
    return parser


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


def _families(**_: Any) -> list[str]:
    from harness.spec.vocabulary import BASES

    return list(BASES)


def _entries(**_: Any) -> list[str]:
    from harness.ledger.loading import ledger

    return [entry.id for entry in ledger()]


def _groups() -> str:
    from harness.composition import conf_dir

    options = {
        group.name: ", ".join(sorted(file.stem for file in group.glob("*.yaml")))
        for group in sorted(conf_dir().iterdir())
        if group.is_dir()
    }
    return "\n".join(["groups:", *(f"  {name:12} {listed}" for name, listed in options.items())])
