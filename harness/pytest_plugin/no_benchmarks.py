"""The fixture `twinrun_benchmark` where pytest-benchmark is missing or switched off: it fails, and says why."""

from __future__ import annotations

import pytest


@pytest.fixture
def twinrun_benchmark() -> None:
    """Fails: it hands times to pytest-benchmark, which is not there."""
    pytest.fail("twinrun_benchmark needs pytest-benchmark: pip install pytest-benchmark", pytrace=False)
