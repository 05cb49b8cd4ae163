"""What comes from outside - text and files - is shown and read, and neither obeyed nor run."""

import json
import os
import stat
import sys

import pytest
from command import ONLY_THE_REFERENCE, ROOT, finish, start

from harness.cli import main

TINY = [
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: zeros}]",
    "training.batch_size=50",
    "training.max_steps=3",
    "comparison.free_steps=5",
    "rungs=[loss]",
]
EVIL = "\x1b]0;title\x07\x1b[31m\u202e\u2028\n# AGREES\n<img src=x onerror=alert(1)> [x](https://evil.example) [/bold]"


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The experiment.json of a tiny run."""
    folder = tmp_path_factory.mktemp("first")
    code, out, err = finish(start(["check", *TINY, "arms=[reference]", "out=run"], folder))
    assert code == ONLY_THE_REFERENCE, out + err
    return (folder / "run" / "experiment.json").read_text()


def record(first, folder, **arm):
    """The experiment.json of a run, its arm given some fields by hand."""
    content = json.loads(first)
    content["arms"][0] |= arm
    (folder / "experiment.json").write_text(json.dumps(content))


def program(folder):
    """An interpreter of an arm that leaves a sign that it was run."""
    file = folder / "python.sh"
    file.write_text(f'#!/bin/sh\ntouch "{folder}/ran"\nexec "{sys.executable}" "$@"\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def is_plain(text):
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.nightly
def test_what_an_environment_holds_is_shown_as_text(tmp_path):
    arm = f"arms=[{{use: reference, environment: {{A: '{EVIL}'}}}}]"
    folder = "m[/bold]x\x1b[31m"
    code, out, err = finish(start(["match", *TINY, arm, f"out={folder}", "--details"], tmp_path))
    assert code == ONLY_THE_REFERENCE, out + err
    assert is_plain(out)
    assert f"results: {tmp_path}/m[/bold]x\\x1b[31m" in out
    assert "A=\\x1b]0;title\\x07\\x1b[31m\\u202e" in out
    page = (tmp_path / folder / "report.md").read_text()
    assert is_plain(page)
    assert "<img" not in page
    assert "](https:" not in page
    assert [line for line in page.split("\n") if line.startswith("# ")] == ["# mnist_mlp"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["match", f"training.{EVIL}=3"],
        ["match", "training={'a\x1b[31m\u202e': 3}"],
        ["match", "data=mnist", f"data.root={EVIL!r}"],
        ["match", "data=mnist", "data.root='m[/bold]x\x1b[31m'"],
        ["match", "--config-dir", EVIL],
        ["match", f"from={EVIL}"],
        ["check", f"pair={EVIL}"],
        ["check", f"--cfg={EVIL}"],
        [f"--{EVIL}"],
        [EVIL],
        ["words", EVIL],
        ["schema", EVIL],
        ["ledger", EVIL],
        ["compare", EVIL, "."],
    ],
)
def test_a_mistake_shows_what_was_typed_as_text(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments)
    except SystemExit as ended:  # as argparse ends the process
        code = ended.code
    out, err = capsys.readouterr()
    assert code == 2, out + err
    assert is_plain(out + err)
    assert "Traceback" not in err
    assert "\\x1b" in err
    assert list(tmp_path.iterdir()) == []


def test_the_composed_config_stays_one_that_can_be_read(tmp_path):
    import yaml

    arm = f"arms=[{{use: reference, environment: {{A: '{EVIL}'}}}}]"
    code, out, err = finish(start(["match", arm, "--cfg", "job"], tmp_path))
    assert code == 0, err
    assert is_plain(out)
    assert yaml.safe_load(out)["arms"][0]["environment"] == {"A": EVIL}


@pytest.mark.nightly
def test_a_function_of_the_users_is_quoted(tmp_path):
    pair = ROOT / "examples" / "pair"
    name = "[red]b[.py"
    (tmp_path / name).write_text(f"def draw():\n    raise ValueError({EVIL[: EVIL.index(chr(0x2028))]!r} + '<b>[/]')\n")
    text = (pair / "small_cnn.yaml").read_text()
    text = text.replace("builder: ", f"builder: {pair}/").replace("batches.py:bars", f"'{name}:draw'")
    (tmp_path / "pair.yaml").write_text(text)
    code, out, err = finish(start(["check", "pair=pair.yaml", "out=run"], tmp_path))
    assert code == 3, out + err
    assert is_plain(out + err)
    assert f"{name}:draw raised ValueError: \\x1b]0;title" in out
    page = (tmp_path / "run" / "report.md").read_text()
    assert is_plain(page)
    assert "<b>" not in page


@pytest.mark.nightly
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_a_character_is_shown_an_escape(encoding, tmp_path):
    code, out, err = finish(start(["check", *TINY, "arms=[reference]", "out=中"], tmp_path, PYTHONIOENCODING=encoding))
    assert code == ONLY_THE_REFERENCE, out + err
    assert "\\u4e2d" in out


class TestAFileThatNamesCode:
    def test_is_refused(self, first, tmp_path):
        record(first, tmp_path, python=program(tmp_path))
        before = sorted(tmp_path.rglob("*"))
        code, out, err = finish(start(["match", "from=experiment.json", "out=run"], tmp_path))
        assert code == 2, out + err
        assert f"arm reference: python = '{tmp_path}/python.sh', from experiment.json: this can run code" in err
        assert sorted(tmp_path.rglob("*")) == before

    def test_acts_once_it_is_trusted_and_was_printed(self, first, tmp_path):
        record(first, tmp_path, python=program(tmp_path), environment={"A": "1", "GLOG_v": "2"})
        code, out, err = finish(start(["check", "from=experiment.json", "out=run", "--trust"], tmp_path))
        assert code == ONLY_THE_REFERENCE, out + err
        assert err.splitlines() == [
            "twinrun: trusted: arm reference: environment.A = '1', from experiment.json",
            f"twinrun: trusted: arm reference: python = '{tmp_path}/python.sh', from experiment.json",
        ]
        assert (tmp_path / "ran").exists()

    def test_typed_it_needs_nothing(self, first, tmp_path):
        record(first, tmp_path)
        typed = f"arm.python={program(tmp_path)}"
        code, out, err = finish(start(["check", "from=experiment.json", typed, "out=run"], tmp_path))
        assert (code, err) == (ONLY_THE_REFERENCE, ""), out + err
        assert (tmp_path / "ran").exists()

    def test_cfg_shows_it_and_runs_nothing(self, first, tmp_path):
        record(first, tmp_path, python=program(tmp_path))
        code, out, err = finish(start(["check", "from=experiment.json", "--cfg", "job"], tmp_path))
        assert code == 0, out + err
        assert f"python: {tmp_path}/python.sh" in out
        assert not (tmp_path / "ran").exists()


def test_compare_runs_nothing_that_a_record_names(tmp_path):
    code, out, err = finish(start(["match", *TINY, "arms=[reference]", "out=a"], tmp_path))
    assert code == ONLY_THE_REFERENCE, out + err
    hostile = f"b{EVIL[: EVIL.index('<')]}".replace("/", "")
    os.mkdir(tmp_path / hostile)  # noqa: PTH102
    for folder, _, files in os.walk(tmp_path / "a"):
        below = tmp_path / hostile / os.path.relpath(folder, tmp_path / "a")
        below.mkdir(exist_ok=True)
        for name in files:
            (below / name).write_bytes((tmp_path / "a" / folder / name).read_bytes())
    given = {"python": program(tmp_path), "environment": {"PYTHONPATH": str(tmp_path), "A": EVIL}}
    for name in ("experiment.json", "arms/reference/trace.json"):
        file = tmp_path / hostile / name
        content = json.loads(file.read_text())
        (content["arms"][0] if "arms" in content else content["arm"]).update(given)
        file.write_text(json.dumps(content))
    (tmp_path / hostile / "arms" / "[red]\x1b[31m<b>").mkdir()
    code, out, err = finish(start(["compare", "a", hostile, "out=c"], tmp_path))
    assert "Traceback" not in err
    assert is_plain(out + err)
    assert "\\u202e" in out
    page = (tmp_path / "c" / "report.md").read_text()
    assert is_plain(page)
    assert "<img" not in page
    assert "<b>" not in page
    assert not (tmp_path / "ran").exists()
