"""The marker `parity` in a project of its own: what fails, with which words, and what the test is given."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import psutil
import pytest
from command import ROOT
from projects import Session, end_of, installed, run_pytest, start_pytest, written

TESTS = """
import json
from pathlib import Path

import pytest

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: zeros}]",
    "training.max_steps=3",
    "comparison.free_steps=3",
]
MUTATED = {"use": "reference", "name": "port", "spec": {"optimizer.epsilon": 1e-3}}
ALONE = {"arms": ["reference"], "rungs": ["loss"], "overrides": TINY}
CALLED = Path(__file__).with_name("called.txt")


def called(name):
    with CALLED.open("a") as file:
        file.write(name + "\\n")


@pytest.mark.parity(experiment="mnist_mlp", arms=["reference", MUTATED], rungs=["optimizer"], overrides=TINY)
def test_diverges():
    called("diverges")


@pytest.mark.parity(**ALONE)
def test_unverified():
    called("unverified")


@pytest.mark.parity(**ALONE, unverified="skip", out="kept")
def test_skipped():
    called("skipped")


@pytest.fixture
def judged(parity):
    return {
        "exit_code": parity.exit_code,
        "sentence": parity.sentence,
        "is_complete": (parity.folder / "complete.json").exists(),
        "rungs": sorted({verdict.rung for verdict in parity.verdicts}),
        "report": parity.report.read_text()[:11],
    }


@pytest.mark.parity(arms=["tensorflow"], rungs=["loss"], overrides=TINY)
def test_agrees(judged):
    CALLED.with_name("judged.json").write_text(json.dumps(judged))
    called("agrees")


@pytest.mark.parity(experimant="mnist_mlp", unverified="ignore")
def test_mistyped():
    called("mistyped")


@pytest.mark.parity(experiment="mnist_mpl")
def test_misnamed():
    called("misnamed")


@pytest.mark.parity(experiment="cnn")
@pytest.mark.parity(experiment="mnist_mlp")
def test_twice():
    called("twice")


def test_unmarked(parity):
    called("unmarked")


def test_without():
    called("without")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("projects") / "port", TESTS)


@pytest.fixture(scope="module")
def session(project: Path) -> Session:
    return run_pytest(project)


def test_a_divergence_fails_with_the_sentence_and_no_traceback(session: Session) -> None:
    ended = session.tests["test_diverges"]
    assert ended.outcome == "failed"
    assert "DIVERGES: the optimizer rung diverges first: adam, at update 0" in ended.text
    assert "cause: size of epsilon (port computes optimizer.epsilon: 0.001, the spec says 1e-07)" in ended.text
    report = Path(ended.text.partition("report: ")[2].split("\n")[0])
    assert report.read_text().startswith("# mnist_mlp")
    assert "Traceback" not in session.output
    assert "harness/pytest_plugin" not in ended.text


def test_nothing_unverified_passes_unless_it_is_skipped(session: Session, project: Path) -> None:
    unverified, skipped = session.tests["test_unverified"], session.tests["test_skipped"]
    assert (unverified.outcome, skipped.outcome) == ("failed", "skipped")
    for ended in (unverified, skipped):
        assert "UNVERIFIED: nothing was checked that could have failed" in ended.text
    assert (project / "tests" / "kept" / "complete.json").exists()


def test_where_all_agrees_the_test_is_called_with_the_outcome(session: Session, project: Path) -> None:
    assert session.tests["test_agrees"].outcome == "passed"
    judged = json.loads((project / "tests" / "judged.json").read_text())
    assert judged == {
        "exit_code": 0,
        "sentence": "AGREES: tensorflow on loss",
        "is_complete": True,
        "rungs": ["loss"],
        "report": "# mnist_mlp",
    }


def test_only_bodies_behind_a_passed_check_are_called(session: Session, project: Path) -> None:
    assert (project / "tests" / "called.txt").read_text().split() == ["agrees", "without"]
    assert session.code == pytest.ExitCode.TESTS_FAILED


def test_a_mistake_is_an_error_of_its_test_with_the_nearest_name(session: Session) -> None:
    texts = {}
    for name in ("mistyped", "misnamed", "twice", "unmarked"):
        ended = session.tests[f"test_{name}"]
        assert ended.outcome == "error"
        assert "During handling" not in ended.text
        texts[name] = ended.text
    assert "there is no keyword 'experimant'; did you mean experiment?" in texts["mistyped"]
    assert "unverified: given 'ignore'; allowed: fail, skip" in texts["mistyped"]
    assert "did you mean experiment=mnist_mlp?" in texts["misnamed"]
    assert "a test has one marker" in texts["twice"]
    assert "mark the test, as in @pytest.mark.parity(experiment='mnist_mlp')" in texts["unmarked"]


def test_the_marker_is_listed(project: Path) -> None:
    assert "@pytest.mark.parity(experiment=None, pair=None" in run_pytest(project, "--markers").output


def test_the_declared_entry_point_loads_the_plugin(project: Path, tmp_path: Path) -> None:
    loaded = run_pytest(project, "--trace-config", "--collect-only", "-q", distribution=installed(tmp_path))
    assert loaded.code == 0
    assert "harness/pytest_plugin/__init__.py" in loaded.output


CLASHING = """
import pytest


@pytest.fixture
def parity():
    return "the project's own"


TINY = ["model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: zeros}]", "training.max_steps=3"]


@pytest.mark.parity(arms=["reference"], rungs=["loss"], overrides=TINY)
def test_own_fixture(parity):
    assert parity == "the project's own"


class TestAll:
    pytestmark = pytest.mark.parity(arms=["reference"], rungs=["los"])

    def test_method(self):
        pass
"""


@pytest.mark.nightly
def test_a_fixture_of_the_same_name_does_not_switch_the_check_off(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path / "port", CLASHING))
    assert "UNVERIFIED" in session.tests["test_own_fixture"].text
    assert "did you mean loss?" in session.tests["test_method"].text


LONG = """
import pytest


@pytest.mark.parity(arms=["reference"], overrides=["comparison.free_steps=100"])
def test_long():
    pass


def test_after():
    pass
"""


@pytest.mark.nightly
def test_ctrl_c_ends_pytest_and_the_workers(tmp_path: Path) -> None:
    folder = written(tmp_path / "port", LONG)
    with start_pytest(folder) as process:
        workers = []
        while process.poll() is None and not workers:
            time.sleep(0.1)
            workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        session = end_of(process, folder)
    assert session.code == pytest.ExitCode.INTERRUPTED
    assert "INTERRUPTED: the parity ladder was stopped" in session.tests["test_long"].text
    assert "test_after" not in session.tests
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert [worker for worker in alive if worker.status() != psutil.STATUS_ZOMBIE] == []


PAIR = f"""
import pytest

PAIRS = {str(ROOT / "examples" / "pair")!r}
FAST = ["steps=3", "forced_steps=2"]
BOTH = {{"arms": ["mindspore", "tensorflow"], "rungs": ["loss"], "overrides": ["training.max_steps=3"]}}


@pytest.mark.parity(pair=PAIRS + "/small_cnn.yaml", overrides=FAST)
def test_planted():
    pass


@pytest.mark.parity(pair=PAIRS + "/small_cnn_repaired.yaml", overrides=FAST)
def test_repaired(parity):
    assert {{verdict.rung for verdict in parity.verdicts}} == {{"self", "model", "step", "trajectory"}}


@pytest.mark.parity(experiment="mnist_mlp", **BOTH)
def test_both_frameworks(parity):
    assert parity.sentence == "AGREES: mindspore and tensorflow on loss"
"""


@pytest.mark.nightly
def test_pairs_and_both_frameworks(tmp_path: Path) -> None:
    session = run_pytest(written(tmp_path / "port", PAIR))
    planted = session.tests.pop("test_planted")
    assert planted.outcome == "failed"
    assert "DIVERGES: pair small_cnn diverges first at rung model" in planted.text
    assert {name: ended.outcome for name, ended in session.tests.items()} == {
        "test_repaired": "passed",
        "test_both_frameworks": "passed",
    }
