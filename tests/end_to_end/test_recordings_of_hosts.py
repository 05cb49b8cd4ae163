"""Arms recorded from one exported file and compared elsewhere. All are of the reference, so that no framework starts;
`test_one_framework_each.py` records the real ones."""

import json
import re
import shutil
import zipfile

import pandas as pd
import pytest
from command import ONLY_THE_REFERENCE
from sealing import seal

from harness.cli import main
from harness.results.exported import EXPORT
from harness.results.packing import pack, unpack
from harness.scenarios.catalogue import sending

SMALL = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: xavier_uniform}]",
    *("optimizer=momentum", "training.batch_size=50", "training.epochs=2", "training.max_steps=100"),
    *("comparison.free_steps=3", "rungs=[self,schedule,loss,optimizer,model,step,trajectory]"),
]
WIDE, NARROW = "{use: reference, name: wide}", "{use: reference, name: narrow, precision: float32, realisation: native"
ARMS = f"arms=[{WIDE}, {NARROW}}}]"
# The port's optimizer has another momentum than the spec says.
PLANTED = f"arms=[{WIDE}, {NARROW}, spec: {{optimizer.momentum: 0.5}}}}]"


@pytest.fixture(autouse=True)
def markdown(monkeypatch):
    monkeypatch.setenv("TWINRUN_REPORT", "markdown")


def recorded_by(folder, arms):
    """An exported file and a recording of each of its two arms, in a folder of its own."""
    assert main(["export", *SMALL, arms, "to=hosts", f"out={folder}/file.twinrun"]) == 0
    for arm in ("wide", "narrow"):
        assert main(["record", f"arm={arm}", f"from={folder}/file.twinrun", f"out={folder}/{arm}"]) == 0
    return folder


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    return recorded_by(tmp_path_factory.mktemp("hosts"), ARMS)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return recorded_by(tmp_path_factory.mktemp("planted"), PLANTED)


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """The exit code, the output in one line, and the verdicts of a comparison of recordings."""
    monkeypatch.chdir(tmp_path)

    def compared(*arguments, out="joined"):
        code = main(["compare", *map(str, arguments), f"out={out}"])
        verdicts = tmp_path / out / "verdicts.parquet"
        told = capsys.readouterr()
        return code, " ".join((told.out + told.err).split()), pd.read_parquet(verdicts) if verdicts.exists() else None

    return compared


def test_the_whole_ladder_is_judged_as_match_judges_it(hosts, compare, tmp_path, capsys):
    code, out, verdicts = compare(hosts / "wide", hosts / "narrow")
    assert code == ONLY_THE_REFERENCE, out
    assert main(["match", *SMALL, ARMS, "out=live"]) == ONLY_THE_REFERENCE
    live = pd.read_parquet(tmp_path / "live" / "verdicts.parquet")
    pd.testing.assert_frame_equal(verdicts, live)
    assert {"step", "trajectory", "evaluation", "convergence"} <= set(live["rung"])
    capsys.readouterr()


@pytest.mark.parametrize("name", ["wide", pytest.param("joined", marks=pytest.mark.nightly)])
def test_its_folders_are_ordinary_ones(hosts, compare, tmp_path, name, monkeypatch, capsys):
    monkeypatch.setattr(sending, "is_running", lambda folder: False)  # it was claimed by this process
    if name == "joined":
        compare(hosts / "wide", hosts / "narrow")
    folder = tmp_path / name
    if name == "wide":
        shutil.copytree(hosts / name, folder)
    assert main(["verify", str(folder)]) == 0
    assert main(["show", str(folder)]) == 0
    assert main(["pack", str(folder), f"out={tmp_path}/sent.twinrun"]) == 0
    assert main(["unpack", f"{tmp_path}/sent.twinrun", f"out={tmp_path}/arrived"]) == 0
    assert main(["verify", f"{tmp_path}/arrived"]) == 0
    assert main(["list", f"root={tmp_path}"]) == 0
    assert "arrived" in capsys.readouterr().out


def test_the_exported_file_serves_where_there_are_no_data(hosts, compare, monkeypatch):
    from harness.data import DataError
    from harness.scenarios.hosts import join

    def absent(spec):
        raise DataError("the data are not on this host")

    monkeypatch.setattr(join, "load", absent)
    code, out, _ = compare(hosts / "wide", hosts / "narrow", out="refused")
    assert code == 2
    assert "the data are not on this host" in out
    assert "give from=FILE, the exported file" in out
    code, out, _ = compare(hosts / "wide", hosts / "narrow", f"from={hosts}/file.twinrun")
    assert code == ONLY_THE_REFERENCE, out


def test_a_planted_divergence_has_its_rung_its_culprit_and_then_its_cause(planted, compare, tmp_path, capsys):
    code, out, verdicts = compare(planted / "wide", planted / "narrow", f"from={planted}/file.twinrun")
    assert code == 1
    assert "DIVERGES: the optimizer rung diverges first" in out
    first = verdicts[verdicts["status"] == "diverges"].iloc[0]
    assert (first["rung"], first["culprit"]) == ("optimizer", "narrow")
    assert first["advice"] == ""
    # What needs the live arm is asked for by the commands that are printed.
    for _ in range(3):
        rounds = re.findall(r"twinrun (record arm=\S+ from=\S+ questions=\S+)", out)
        if not rounds:
            break
        further = []
        for number, text in enumerate(rounds):
            folder = f"further-{len(list(tmp_path.iterdir()))}-{number}"
            assert main([*text.split(), f"out={folder}"]) == 0
            further.append(f"answers={folder}")
        before = [text for text in tmp_path.glob("further-*") if f"answers={text.name}" not in further]
        again = [*further, *(f"answers={folder}" for folder in before)]
        capsys.readouterr()
        out_folder = f"joined-{len(further) + len(before)}"
        code, out, verdicts = compare(
            planted / "wide", planted / "narrow", f"from={planted}/file.twinrun", *again, out=out_folder
        )
    code_of_mistake, told, _ = compare(planted / "wide", tmp_path / further[0].partition("=")[2], out="wrong")
    assert (code_of_mistake, "give it as answers=" in told) == (2, True)
    first = verdicts[verdicts["status"] == "diverges"].iloc[0]
    assert code == 1
    assert "optimizer.momentum: 0.5, the spec says 0.9" in first["cause"]
    assert "rung run again with it: agrees" in first["advice"]


def test_an_arm_that_failed_on_its_host_is_a_row(hosts, compare, tmp_path, capsys):
    arguments = ["arm=narrow", f"from={hosts}/file.twinrun", "arm.timeout_s=0.001", f"out={tmp_path}/late"]
    assert main(["record", *arguments]) == 3
    capsys.readouterr()
    code, out, verdicts = compare(hosts / "wide", tmp_path / "late")
    assert code == 3
    assert "CRASHED: narrow: timeout at start: not done within timeout_s=0.001" in out
    assert set(verdicts[verdicts["arm_a"] == "wide"]["status"]) == {"agrees"}  # the other arm is judged


def test_one_arm_on_two_hosts(hosts, compare, tmp_path):
    again = shutil.copytree(hosts / "narrow", tmp_path / "again")
    code, out, verdicts = compare(hosts / "narrow", again)
    assert code == ONLY_THE_REFERENCE, out
    assert {"narrow.A", "narrow.B"} <= set(verdicts["arm_a"])


def test_clocks_that_differ_do_no_harm(hosts, compare, tmp_path):
    late = shutil.copytree(hosts / "narrow", tmp_path / "late")
    claim = json.loads((late / "claim.json").read_text())
    (late / "claim.json").write_text(json.dumps({**claim, "started": "1999-12-31T23:59:59Z", "host": "elsewhere"}))
    seal(late)
    code, out, _ = compare(hosts / "wide", late)
    assert code == ONLY_THE_REFERENCE, out
    report = (tmp_path / "joined" / "report.md").read_text()
    assert "narrow on host elsewhere at 1999-12-31T23:59:59Z" in report
    assert "timed on different hosts" in report


def test_a_recording_whose_host_died_is_refused_by_name(hosts, compare, tmp_path):
    dead = shutil.copytree(hosts / "narrow", tmp_path / "dead")
    (dead / "complete.json").unlink()
    code, out, _ = compare(hosts / "wide", dead)
    assert code == 2
    assert f"{dead}: the recording is unfinished: claimed by twinrun record, process" in out


def test_a_record_that_changed_is_refused_by_name(hosts, compare, tmp_path):
    changed = shutil.copytree(hosts / "narrow", tmp_path / "changed")
    with (changed / "arms" / "narrow" / "answers" / "step.npz").open("ab") as file:
        file.write(b"!")
    code, out, _ = compare(hosts / "wide", changed)
    assert code == 2
    assert f"{changed}: arms/narrow/answers/step.npz is not what it was" in out


def test_one_folder_twice_is_no_comparison(hosts, compare):
    code, out, _ = compare(hosts / "wide", hosts / "wide")
    assert code == 2
    assert f"{hosts / 'wide'}: is given twice" in out


def test_recordings_of_different_files_are_refused_by_name(hosts, planted, compare):
    code, out, _ = compare(hosts / "wide", planted / "narrow")
    assert code == 2
    assert f"{planted / 'narrow'} and {hosts / 'wide'} were recorded from different exported files" in out
    assert "another experiment" in out
    code, out, _ = compare(hosts / "wide", hosts / "narrow", f"from={planted}/file.twinrun")
    assert code == 2
    assert "is not the exported file that" in out


def test_another_protocol_is_refused_by_name(hosts, compare, tmp_path):
    other = shutil.copytree(hosts / "narrow", tmp_path / "other")
    record = json.loads((other / EXPORT).read_text())
    (other / EXPORT).write_text(json.dumps({**record, "protocol": 1}))
    seal(other)
    code, out, _ = compare(hosts / "wide", other)
    assert code == 2
    assert "it was recorded with protocol 1 of twinrun" in out


def _edited(hosts, tmp_path, change):
    """The exported file with its folder changed and packed anew, as somebody would who knows of the list."""
    folder = tmp_path / "opened"
    unpack(hosts / "file.twinrun", folder)
    change(folder)
    pack(folder, tmp_path / "edited.twinrun", "small")
    return tmp_path / "edited.twinrun"


def _other_seed(folder):
    record = json.loads((folder / "experiment.json").read_text())
    (folder / "experiment.json").write_text(json.dumps({**record, "seed": 7}))


def _other_plan(folder):
    from harness.plan import Plan, draw_plan
    from harness.results.files import read_experiment

    experiment = read_experiment(folder / "experiment.json")
    training = experiment.training.model_copy(update={"max_steps": 40})
    plan = draw_plan(experiment.model_copy(update={"training": training}), 4000)
    plan.save(folder / "plan.npz")
    record = json.loads((folder / EXPORT).read_text())
    (folder / EXPORT).write_text(json.dumps({**record, "plan": Plan.load(folder / "plan.npz").digest}))


def _other_protocol(folder):
    record = json.loads((folder / EXPORT).read_text())
    (folder / EXPORT).write_text(json.dumps({**record, "protocol": 1}))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_other_seed, "experiment.json is not what was exported: its digest is another"),
        (
            _other_plan,
            "plan.npz does not fit experiment.json: its epochs have 2000 samples, the experiment's 4000, 1000",
        ),
        (_other_protocol, "it is of protocol 1, and this twinrun speaks protocol"),
        (lambda folder: (folder / EXPORT).unlink(), "has no export.json"),
        (lambda folder: (folder / "questions.json").write_text("{}"), "questions.json is not what was exported"),
        (lambda folder: (folder / "y_test.npy").write_text("{}"), "y_test.npy cannot be read"),
    ],
)
def test_a_file_that_was_edited_is_refused_by_name(hosts, tmp_path, capsys, change, named):
    file = _edited(hosts, tmp_path, change)
    assert main(["record", "arm=wide", f"from={file}", f"out={tmp_path}/run"]) == 2
    assert named in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_bytes_that_were_edited_are_refused_by_name(hosts, tmp_path, capsys):
    file = tmp_path / "edited.twinrun"
    with zipfile.ZipFile(hosts / "file.twinrun") as source, zipfile.ZipFile(file, "w") as sink:
        for member in source.infolist():
            content = source.read(member)
            sink.writestr(
                member, content.replace(b'"seed":0', b'"seed":1') if "experiment" in member.filename else content
            )
    assert main(["record", "arm=wide", f"from={file}", f"out={tmp_path}/run"]) == 2
    assert "experiment.json is not what was packed: its digest is another" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "give arm=NAME"),
        (["arm=wide", "from=gone.twinrun"], "there is no such file"),
        (["arm=wid", "from=FILE"], "the exported file has no such arm; did you mean wide?"),
        (["arm=wide", "from=FILE", "seed=3"], "seed=3: the exported file states what is recorded"),
        (["arm=wide", "from=FILE", "arm.precision=float32"], "the exported file states what is recorded"),
        (["arm=wide", "from=FILE", "arm.threads=none"], "threads"),
        (["arm=wide", "from=FILE", "questions=FILE"], "has no further.json"),
        (["arm=wide", "from=RUN/experiment.json"], "an experiment.json alone is for twinrun match"),
    ],
)
def test_what_cannot_be_recorded_is_said_before_anything_is_written(hosts, tmp_path, capsys, arguments, named):
    typed = [text.replace("FILE", str(hosts / "file.twinrun")) for text in arguments]
    typed = [text.replace("RUN", str(hosts / "wide")) for text in typed]
    assert main(["record", *typed, f"out={tmp_path}/run"]) == 2
    assert named in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_a_missing_framework_is_one_sentence_with_its_extra(hosts, tmp_path, monkeypatch, capsys):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "tensorflow.py").write_text("raise ModuleNotFoundError('No module named tensorflow')")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    assert main(["export", *SMALL, f"arms=[{WIDE}, tensorflow]", "to=hosts", f"out={tmp_path}/both.twinrun"]) == 0
    code = main(["record", "arm=tensorflow", f"from={tmp_path}/both.twinrun", f"out={tmp_path}/run"])
    assert code == 4
    out = capsys.readouterr().out
    (sentence,) = (line for line in out.splitlines() if line.startswith("UNVERIFIED"))
    assert "is not usable here (No module named tensorflow); pip install 'twinrun[tensorflow]' brings it" in sentence


def test_an_export_is_of_one_run(tmp_path, capsys):
    assert main(["export", *SMALL, ARMS, "seeds=3", "to=hosts", f"out={tmp_path}/file.twinrun"]) == 2
    assert "an exported file holds one experiment at one seed; given: 3 runs" in capsys.readouterr().err


def test_a_recorded_run_is_exported_again(hosts, tmp_path, capsys):
    assert main(["export", str(hosts / "wide"), "to=hosts", f"out={tmp_path}/file.twinrun"]) == 0
    assert "twinrun record arm=wide from=file.twinrun" in capsys.readouterr().out
    assert main(["export", str(hosts / "wide"), "to=hosts", f"out={tmp_path}/file.twinrun"]) == 2
    assert "exists already" in capsys.readouterr().err
