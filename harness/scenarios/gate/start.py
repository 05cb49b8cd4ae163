"""Judges a recorded folder against its base, writes the gate's own folder, and shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

import numpy as np

from harness.composition.mistakes import UserMistake
from harness.composition.preflight import claimed, unusable
from harness.results.baselines import Baselines
from harness.results.kinds import GATE as GATE
from harness.results.marker import Marker, complete
from harness.results.store import write_text
from harness.scenarios.gate.store import base_of, comparable, side_of
from harness.subjects.gate.judge import judge
from harness.subjects.gate.side import Side
from harness.system.stopping import heeding_signals, shielded

OUT = "out="
DEFAULT = Path("results") / "gate"


class Presenter(Protocol):
    """Shows a recorded gate and writes what is made of it, from its folder. `harness.report.presented` has one."""

    def show_gate(self, folder: Path) -> None: ...

    def write_gate_outputs(self, folder: Path) -> None: ...


def start(arguments: Sequence[str], baseline: str | None, store: Path, presenter: Presenter) -> int:
    """Gates the folder in `arguments`, which may also hold out=DIR. Returns the exit code.

    Raises UserMistake where arguments are wrong, or the base cannot be compared.
    """
    folders = [text for text in arguments if not text.startswith(OUT)]
    outs = [Path(text.removeprefix(OUT)) for text in arguments if text.startswith(OUT)]
    out = outs[0] if outs else None
    mistakes = unusable("results", DEFAULT) if out is None else unusable("out", out, must_be_new=True)
    if len(folders) != 1:
        mistakes.append(f"give the folder of one run; given: {', '.join(folders) or 'none'}. See twinrun gate --help")
    if len(outs) > 1:
        mistakes.append(f"out is given {len(outs)} times: {', '.join(map(str, outs))}")
    if mistakes:
        raise UserMistake(mistakes)
    head = side_of(Path(folders[0]).expanduser())
    baselines = Baselines(store)
    base = base_of(baselines, head, baseline)
    with np.errstate(all="ignore"), heeding_signals():
        gate = judge(head, base, _oldest(baselines, head, base))
        folder = claimed("gate", out, DEFAULT / datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ"))
        write_text(folder / GATE, gate.model_dump_json(indent=2) + "\n")
        with shielded():
            complete(folder, Marker.of("gate", gate.exit_code, gate.sentence))
            presenter.write_gate_outputs(folder)
        presenter.show_gate(folder)
    return gate.exit_code


def _oldest(store: Baselines, head: Side, base: Side) -> Side | None:
    """The oldest baseline with times that the head can be held against; None where that is the base, or the head."""
    found = [side for _, side in comparable(store, head) if side.timings is not None]
    if not found or found[0].folder.resolve() in (base.folder.resolve(), head.folder.resolve()):
        return None
    return found[0]
