"""Every schedule form of one adapter over STEPS steps; prints one line of JSON with the seconds of each.

Run as `python schedule_forms.py ADAPTER MODE STEPS`.
"""

import json
import sys
import time

import numpy as np

import adapters
from harness.composition import compose
from harness.spec.arm import Arm


def main(name: str, mode: str, steps: int) -> None:
    adapter = adapters.load(Arm(name="ours", adapter=name, mode=mode))
    at = np.arange(steps)
    words = compose(["suite=schedules"]).experiment.suite
    seconds = {}
    for word in words:
        for form in adapter.schedule_forms(word):
            asked = at if form.last is None else at[: form.last + 1]  # what goes step by step is asked for its first
            start = time.perf_counter()
            rates = form.rate(asked)
            seconds[f"{word.name_in_tables}: {form.name}"] = time.perf_counter() - start
            assert len(rates) == len(asked)
            assert np.all(np.isfinite(rates))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
