"""Arrays by what they hold, of any shape and precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.floating[Any]]
