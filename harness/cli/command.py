"""The command `twinrun`. Imports what a verb needs when it needs it, so that help and mistakes come at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from harness.cli.arguments import VERBS, parser
from harness.records.exit_codes import INTERRUPTED, MISTAKE
from harness.system.output import guarded_output


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; the process' exit code. Nothing that goes wrong leaves it as an exception."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with guarded_output():
            return _dispatch(given)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _ended_by(error)


def _dispatch(given: list[str]) -> int:
    top = parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(top)
    if given and not given[0].startswith("-") and given[0] not in VERBS:
        _known("verb", given[0], VERBS)
    chosen, rest = top.parse_known_args(given)
    if chosen.verb is None:
        top.print_help()
        return MISTAKE
    unknown = [option for option in rest if option.startswith("-") or not hasattr(chosen, "overrides")]
    if unknown:
        from harness.composition import UserMistake

        raise UserMistake([f"twinrun {chosen.verb} knows no option {option}; see --help" for option in unknown])
    if hasattr(chosen, "overrides"):
        chosen.overrides += rest
    return int(_RUN[chosen.verb](chosen))


def _ended_by(error: Exception) -> int:
    from harness.composition import UserMistake
    from harness.scenarios.ending import exit_code_of

    if isinstance(error, UserMistake):
        print(f"twinrun: {error}", file=sys.stderr)
        return MISTAKE
    return exit_code_of(error)


def _run(chosen: argparse.Namespace) -> int:
    if any(text.startswith("pair=") for text in chosen.overrides):
        return _pair(chosen)
    if chosen.cfg == "job":
        return _print_config(chosen)
    from harness.composition.preflight import prepare

    study, data = prepare(chosen.overrides, chosen.config_dir, chosen.trust)
    _announce(study.code)
    from harness.report import presented
    from harness.scenarios.start import start

    return start(chosen.verb, study, data, presented)


def _pair(chosen: argparse.Namespace) -> int:
    from harness.composition import UserMistake
    from harness.subjects.pair.composing import compose_pair

    if chosen.verb != "check" or chosen.cfg is not None:
        raise UserMistake(["pair=FILE is for twinrun check, without --cfg: models of your own have no config of ours"])
    composed = compose_pair(chosen.overrides, chosen.config_dir, trust=chosen.trust)
    _announce(composed.code)
    from harness.report.pair import PairTerminal, report
    from harness.scenarios.pair import start_pair

    return start_pair(composed, PairTerminal(), report)


def _announce(code: Iterable[object]) -> None:
    """Says what files gave that can run code, before it does."""
    from harness.system.text import printable

    for each in code:
        print(f"twinrun: trusted: {printable(each)}", file=sys.stderr, flush=True)


def _print_config(chosen: argparse.Namespace) -> int:
    import yaml
    from omegaconf import OmegaConf

    from harness.composition import compose_dict
    from harness.composition.base import literal
    from harness.system.text import printable

    composed = literal(compose_dict(chosen.overrides, chosen.config_dir))
    text = OmegaConf.to_yaml(OmegaConf.create(composed))
    # Where a terminal would obey what is in it, by YAML's own escapes, so that it can still be read as YAML.
    is_safe = printable(text, lines=True) == text
    print(text if is_safe else yaml.safe_dump(composed, allow_unicode=False, sort_keys=False), end="")
    return 0


def _compare(chosen: argparse.Namespace) -> int:
    from harness.report import comparison
    from harness.scenarios.compare import start

    return start(chosen.overrides, chosen.arms, comparison)


def _doctor(_: argparse.Namespace) -> int:
    from harness.cli.doctor import examine

    return examine()


def _words(chosen: argparse.Namespace) -> int:
    import adapters
    from harness.report import vocabulary_table
    from harness.spec.vocabulary import BASES

    if chosen.family is not None:
        _known("family", chosen.family, BASES)
    modes = [mode for name in vocabulary_table.FRAMEWORKS for mode in adapters.modes(name)]
    for mode in chosen.mode:
        _known("mode", mode, modes)
    view = vocabulary_table.View(chosen.device, chosen.realisation, tuple(chosen.mode))
    if not chosen.markdown:
        return vocabulary_table.show(chosen.family, view, chosen.by)
    from harness.report.semantics import page

    print(page([chosen.family] if chosen.family else list(BASES), view), end="")
    return 0


def _ledger(chosen: argparse.Namespace) -> int:
    from harness.ledger.loading import ledger
    from harness.report import ledger_table

    if chosen.id is not None and chosen.verify:
        from harness.composition import UserMistake

        raise UserMistake(["give either an ID or --verify"])
    if chosen.verify:
        return ledger_table.verified(chosen.markdown)
    if chosen.id is None:
        return ledger_table.table(chosen.markdown)
    _known("entry", chosen.id, [entry.id for entry in ledger()])
    return ledger_table.one(chosen.id)


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
    "compare": _compare,
    "doctor": _doctor,
    "words": _words,
    "ledger": _ledger,
    "schema": _schema,
    "completion": _completion,
}
