"""How often a benchmark measures: as often as it takes, or as `TWINRUN_ROUNDS` says, to see that it runs at all."""

import os


def rounds(usual: int) -> int:
    return min(usual, int(os.environ.get("TWINRUN_ROUNDS", usual)))
