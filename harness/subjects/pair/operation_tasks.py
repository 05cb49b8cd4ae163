"""A worker's task that follows one batch through its side's model operation by operation."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from adapters.source_trace import traced_sources, watching
from harness.records.array_types import Array
from harness.subjects.pair.side import (
    LiveSide,
    batches_at,
    built_model,
    described,
    layer_arrays,
    live,
    model_module,
    pair_at,
)
from harness.system.array_files import load_arrays
from harness.worker.session import Session
from harness.worker.task import Result


def operations(session: Session, scratch: str, weights: str, phase: str, precision: str) -> Result:
    """The calls of all layers and of all operations in the user's code, on the first batch.

    The model is built once more, from the user's code in the form that is watched. `calls` is empty if the model cannot
    be built or called in this form; the reason is in the log.
    """
    side, pair = live(session), pair_at(session, scratch)
    x, _ = batches_at(scratch)
    arrays: dict[str, Array] = {}
    calls: dict[str, list[dict[str, Any]]] = {}
    file, function = side.builder
    try:
        watcher = model_module(session).watcher()
        with traced_sources(Path(file).parent), watching(watcher):
            model = built_model(session, pair, file, function, x[0], precision)
        twin = LiveSide({precision: model}, side.builder, side.names, side.views, side.added, side.rows)
        twin.set_weights(precision, load_arrays(Path(weights)))
        model.without_dropout()
        seen = model.watched(x[0], phase == "training", watcher)
        calls, arrays = {f"{precision}/{phase}": described(seen)}, layer_arrays(f"{precision}/{phase}", seen)
    except Exception:  # the verdict stands without the operation
        traceback.print_exc()
    return session.reply(arrays, calls=calls)
