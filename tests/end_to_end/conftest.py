"""What several of these tests look at."""

import os

import pytest
from command import ROOT, SMALL, finish, start


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """One small match of both frameworks, shared by a module: (exit code, output, folder)."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "temporary").mkdir()
    code, out, err = finish(start(["match", *SMALL, "out=run"], folder, TMPDIR=str(folder / "temporary")))
    assert "Traceback" not in out + err
    return code, out, folder / "run"


# Ends the process of one job of a sweep by a segfault, when it makes the folder of its run. Jobs share processes.
SEGFAULT = """
import os, re, signal, sys
def die(event, arguments):
    if event == "os.mkdir" and re.search(r"/sweep/1(-2)?$", os.fspath(arguments[0])):
        os.kill(os.getpid(), signal.SIGSEGV)
if "harness.cli.sweep_job" in sys.orig_argv:
    sys.addaudithook(die)
"""


@pytest.fixture
def segfaulting(tmp_path):
    """The environment in which job 1 dies of a segfault."""
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "sitecustomize.py").write_text(SEGFAULT)
    return {"PYTHONPATH": os.pathsep.join((str(tmp_path / "planted"), str(ROOT)))}
