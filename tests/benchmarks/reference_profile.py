"""Where the reference's time goes in a check of the residual network: the functions with the largest shares.

Run as `python tests/benchmarks/reference_profile.py`, with the `PYTHONPATH` of the tree to be profiled. Profiled are a
gradient in float64, as of rung `model`, and one step of the chaos envelope, of a batch of `BATCH` samples: a check
repeats them step by step. Prints a table in Markdown and the peak of this process's memory.
"""

from __future__ import annotations

import cProfile
import os
import pstats
from pathlib import Path
from typing import Any

import numpy as np
from cost_networks import RESIDUAL
from watched_command import peak_of

from harness.composition import compose
from harness.data.loading import load
from harness.judging.context import Context
from harness.judging.envelope import envelope
from harness.plan import draw_plan

BATCH = 32
MOST = 12


def main() -> None:
    experiment = compose([*RESIDUAL, f"training.batch_size={BATCH}"]).experiment
    data = load(experiment.data)
    context = Context(experiment, draw_plan(experiment, len(data.x_train)), data, Path())
    trainer, (batch,) = context.trainer(context.oracle, 1), context.batches(1)
    samples = context.samples(batch)
    profile = cProfile.Profile()
    with np.errstate(all="ignore"):
        profile.enable()
        trainer.loss_and_gradients(*samples, batch.noise)
        envelope(context, experiment.arms[0], 1)
        profile.disable()
    print_shares(pstats.Stats(profile))
    print(f"\npeak memory {peak_of(os.getpid()) / 1e9:.2f} GB")


def print_shares(stats: pstats.Stats) -> None:
    """The functions by the time in themselves, without those that they call."""
    functions: Any = stats.stats  # type: ignore[attr-defined]
    whole_s = sum(own_s for _, _, own_s, _, _ in functions.values())
    print(f"{whole_s:.1f} s in all\n\n| share | seconds | calls | function |\n| ---: | ---: | ---: | --- |")
    largest = sorted(functions.items(), key=lambda item: -item[1][2])[:MOST]
    for (file, _, name), (_, calls, own_s, _, _) in largest:
        place = "" if file == "~" else f" ({'/'.join(Path(file).parts[-2:])})"
        print(f"| {own_s / whole_s:.1%} | {own_s:.2f} | {calls} | `{name.strip('<>')}`{place} |")


if __name__ == "__main__":
    main()
