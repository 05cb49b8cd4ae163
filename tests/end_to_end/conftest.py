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


# Does something in job 1 of a sweep, when it makes the folder of its run. (Jobs share processes.)
PLANTED = """
import os, re, signal, sys, time
def act(event, arguments):
    if event == "os.mkdir" and re.search(r"/(1|seed_1)(-2)?$", os.fspath(arguments[0])):
        {action}
if "harness.cli.sweep_job" in sys.orig_argv:
    sys.addaudithook(act)
"""


def planted(folder, action):
    """The environment in which job 1 does this."""
    (folder / "planted").mkdir()
    (folder / "planted" / "sitecustomize.py").write_text(PLANTED.format(action=action))
    return {"PYTHONPATH": os.pathsep.join((str(folder / "planted"), str(ROOT)))}


@pytest.fixture
def segfaulting(tmp_path):
    """The environment in which job 1 dies of a segfault."""
    return planted(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)")


@pytest.fixture
def delaying(tmp_path):
    """The environment in which job 1 waits, so that a test finds it running."""
    return planted(tmp_path, "time.sleep(30)")
