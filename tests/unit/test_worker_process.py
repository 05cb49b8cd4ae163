"""A worker that ends before it has begun says why, as far as its parent can know."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_traces import arm

from harness.worker import Worker, WorkerFailedError


def test_another_interpreter_without_what_is_required(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho no module named pydantic >&2\nexit 1\n")
    bare.chmod(0o755)
    other = arm("other").model_copy(update={"python": str(bare)})
    with Worker(other, tmp_path, tmp_path) as worker, pytest.raises(WorkerFailedError) as caught:
        worker.ready()
    failure = caught.value.failure
    assert (failure.symptom, failure.stage) == ("exit", "start")
    assert f"exit code 1; does {bare} have all that twinrun requires? worker.log says" in failure.message
    assert "no module named pydantic" in (tmp_path / "worker.log").read_text()
