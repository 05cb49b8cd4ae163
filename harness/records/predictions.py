"""What an arm records of its predictions of the test set."""

from __future__ import annotations

NO_LABEL = -1  # the label of a sample with an output of NaN
