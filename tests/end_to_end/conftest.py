"""What several of these tests look at."""

import pytest
from command import SMALL, finish, start


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """One small match of both frameworks, shared by a module: (exit code, output, folder)."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "temporary").mkdir()
    code, out, err = finish(start(["match", *SMALL, "out=run"], folder, TMPDIR=str(folder / "temporary")))
    assert "Traceback" not in out + err
    return code, out, folder / "run"
