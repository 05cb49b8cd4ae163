"""help, doctor, schema, completion, --cfg job; and what the parent process may not import."""

import json
import subprocess
import sys

import pytest
import yaml
from command import ENVIRONMENT, finish, start

from harness import __version__
from harness.records.exit_codes import EXIT_CODES


def test_help_documents_verbs_and_exit_codes(tmp_path):
    code, out, _ = finish(start(["match", "--help"], tmp_path))
    assert code == 0
    for number, meaning in EXIT_CODES.items():
        assert f"{number:3}  {meaning}" in out
    assert "schedule" in out
    assert "cosine_restarts" in out


def test_version(tmp_path):
    code, out, _ = finish(start(["--version"], tmp_path))
    assert (code, out.strip()) == (0, f"twinrun {__version__}")


def test_an_unknown_verb_is_told(tmp_path):
    code, _, err = finish(start(["mtach"], tmp_path))
    assert code == 2
    assert "did you mean match" in err


def test_cfg_job_shows_the_composed_config(tmp_path):
    code, out, _ = finish(start(["match", "seed=7", "--cfg", "job", "schedule=cosine"], tmp_path))
    assert code == 0
    shown = yaml.safe_load(out)
    assert shown["seed"] == 7
    assert shown["schedule"]["kind"] == "cosine"
    assert [arm["adapter"] for arm in shown["arms"]] == ["mindspore", "tensorflow"]
    assert list(tmp_path.iterdir()) == []


def test_schema_is_a_json_schema_of_the_experiment(tmp_path):
    code, out, _ = finish(start(["schema"], tmp_path))
    schema = json.loads(out)
    assert code == 0
    assert {"model", "schedule", "arms"} <= schema["properties"].keys()
    assert "CosineRestarts" in schema["$defs"]
    code, out, _ = finish(start(["schema", "optimizer"], tmp_path))
    assert {"Adam", "HeavyBall"} <= json.loads(out)["$defs"].keys()


@pytest.mark.nightly  # by day tests/unit/report/test_doctor.py
def test_doctor_names_what_it_found(tmp_path):
    code, out, _ = finish(start(["doctor"], tmp_path))
    assert code == 0, out
    for part in ("mindspore 2.", "tensorflow 2.", "numpy 1.26", "ascend", sys.executable, "is one that works"):
        assert part in out


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("twinrun ma", "match"),
        ("twinrun match sched", "schedule="),
        ("twinrun match schedule=cosine_r", "cosine_restarts"),
    ],
)
def test_completion(line, expected, tmp_path):
    # What the shell does: the command is run with the line in its environment and answers on a file descriptor.
    script = (
        "import os, sys; from harness.cli import main; "
        "os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 8); sys.argv = ['twinrun']; main()"
    )
    answer = tmp_path / "answer"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    environment = {**ENVIRONMENT, **asked, "_ARGCOMPLETE_COMP_WORDBREAKS": " \t\n"}
    subprocess.run([sys.executable, "-c", script, str(answer)], env=environment, check=False, timeout=60)
    assert expected in answer.read_text()


def test_completion_prints_shell_code(tmp_path):
    code, out, _ = finish(start(["completion", "bash"], tmp_path))
    assert code == 0
    assert "complete " in out


@pytest.mark.parametrize("arguments", [["--help"], ["match", "schedule=cosin"], ["match", "--cfg", "job"]])
def test_the_parent_imports_no_framework(arguments, tmp_path):
    script = (
        "import sys; from harness.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "print({'mindspore', 'tensorflow', 'keras', 'pandas'} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.splitlines()[-1] == "set()"
