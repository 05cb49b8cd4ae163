"""docs/ci/twinrun.yml: its form, and its own steps, run by bash as a runner of GitHub Actions does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import ENVIRONMENT, ROOT
from workflow_runner import JOBS, WORKFLOW, Runner, step_of, steps

from harness.composition.preflight import prepare
from harness.composition.timed import prepare_bench

Step = tuple[Runner, subprocess.CompletedProcess[str]]
TINY = [
    "experiment=mnist_mlp",
    "model.layers=[flatten,{kind: dense, units: 10, kernel_initializer: zeros}]",
    "training.max_steps=3",
    "comparison.free_steps=3",
]
MUTATED = "arms=[reference,{use: reference, name: port, spec: {optimizer.epsilon: 1e-3}}]"


def test_only_official_actions_of_a_stated_version() -> None:
    used = [step["uses"] for _, step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)


def test_nothing_from_outside_is_pasted_into_a_script() -> None:
    """An expression in a script is an injection: a branch may have any name."""
    assert [step["name"] for _, step in steps() if "${{" in step.get("run", "")] == []


def test_one_job_may_write_and_it_runs_nothing_of_the_pull_request() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job} == {
        "comment": {"pull-requests": "write"}
    }
    used = [step["uses"].partition("@")[0] for step in JOBS["comment"]["steps"] if "uses" in step]
    assert used == ["actions/download-artifact"]
    assert "head.repo.full_name == github.repository" in JOBS["comment"]["if"]


def test_every_job_ends_and_its_results_are_kept_when_it_fails() -> None:
    assert all(job["timeout-minutes"] <= 90 for job in JOBS.values())
    for name in ("parity", "timing"):
        upload = JOBS[name]["steps"][-1]
        assert (upload["uses"].partition("@")[0], upload["if"]) == ("actions/upload-artifact", "always()")
        assert upload["with"]["path"] == "${{ runner.temp }}/results"
    assert step_of("parity", "Summary")["if"] == "always()"


@pytest.mark.parametrize("job", ["parity", "timing"])
def test_the_installation_is_cached_and_of_the_stated_versions(job: str) -> None:
    (python,) = [step for step in JOBS[job]["steps"] if step.get("uses", "").startswith("actions/setup-python")]
    assert python["with"]["cache"] == "pip"
    files = python["with"]["cache-dependency-path"].split()
    assert files == ["constraints.txt", "pyproject.toml"]
    assert all((ROOT / file).is_file() for file in files)
    assert WORKFLOW["env"]["INSTALL"].split("\n") == ["-c", "constraints.txt", ".[all]"]
    script = step_of(job, "Install")["run"]
    assert script.count('-m pip install -q "${install[@]}"') == (1 if job == "parity" else 2)
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_head_and_base_are_installed_apart(tmp_path: Path) -> None:
    """pip, the virtual environments and git are stand-ins: which folder is installed into which of them shows."""
    runner = Runner(tmp_path, ("git", "python"))
    for side in ("head", "base"):
        (tmp_path / "temp" / side / "bin").mkdir(parents=True)
        python = tmp_path / "temp" / side / "bin" / "python"
        python.write_text(f'#!/bin/bash\necho "{side} $(basename "$PWD") $@" >> "$RUNNER_TEMP/installed"\n')
        python.chmod(0o755)
    (tmp_path / "temp" / "base-source").mkdir()
    done = runner.run("timing", "Install")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "temp" / "installed").read_text().splitlines() == [
        f"head {tmp_path.name} -m pip install -q -c constraints.txt .[all]",
        "base base-source -m pip install -q -c constraints.txt .[all]",
    ]
    assert ["git", "worktree", "add", "--detach", f"{tmp_path}/temp/base-source", "HEAD^1"] in runner.calls
    assert (tmp_path / "path").read_text() == f"{tmp_path}/temp/head/bin\n"


def test_what_is_checked_and_timed_by_default_exists() -> None:
    prepare(WORKFLOW["env"]["CHECK"].split("\n"), [])
    prepare_bench(WORKFLOW["env"]["BENCH"].split("\n"), [])


@pytest.fixture(scope="module")
def diverged(tmp_path_factory: pytest.TempPathFactory) -> Step:
    runner = Runner(tmp_path_factory.mktemp("runner"), ("gh",))
    return runner, runner.run("parity", "Parity", CHECK="\n".join([*TINY, MUTATED, "rungs=[optimizer]"]))


def test_a_divergence_fails_the_job_and_its_page_is_the_summary(
    diverged: Step,
) -> None:
    runner, done = diverged
    assert done.returncode == 1
    assert "DIVERGES: the optimizer rung diverges first" in done.stdout
    assert runner.run("parity", "Summary").returncode == 0
    assert runner.summary == (runner.results / "parity" / "report.md").read_text()


def test_a_mistake_is_told_in_the_summary(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    done = runner.run("parity", "Parity", CHECK="experiment=mnist_mpl")
    assert done.returncode == 2
    assert "did you mean experiment=mnist_mlp?" in done.stderr
    assert runner.run("parity", "Summary").returncode == 0
    assert runner.summary == "twinrun check wrote no results; its log says why.\n"


def test_the_comment_has_the_sentence_of_each_job(
    diverged: Step,
) -> None:
    runner, _ = diverged
    done = runner.run("comment", "Comment")
    assert done.returncode == 0, done.stderr
    body = runner.folder / "temp" / "comment.md"
    sentence = json.loads((runner.results / "parity" / "complete.json").read_text())["sentence"]
    missing = "UNVERIFIED: it did not come to its end; the log of the job says why"
    assert body.read_text() == (
        f"<!-- twinrun -->\n### twinrun\n\nparity\n```text\n{sentence}\n```\n\ntiming\n```text\n{missing}\n```\n"
        "\n[Tables and records](https://example.org/owner/port/actions/runs/42)\n"
    )
    assert runner.calls[-1] == ["gh", "pr", "comment", "7", "--repo", "owner/port", "--body-file", str(body)]


def test_a_later_push_replaces_the_comment(tmp_path: Path) -> None:
    runner = Runner(tmp_path, ("gh",))
    assert runner.run("comment", "Comment", FOUND="123\n456\n").returncode == 0
    path = "repos/owner/port/issues/comments/123"
    body = f"body=@{tmp_path / 'temp' / 'comment.md'}"
    assert runner.calls[-1] == ["gh", "api", "--method", "PATCH", path, "-F", body, "--silent"]


def test_the_gate_is_asked_for_head_and_base_in_turns(tmp_path: Path) -> None:
    runner = Runner(tmp_path, ("twinrun",))
    done = runner.run("timing", "Timing", BENCH="arms=[mindspore,{use: tensorflow, threads: 1}]\nprocesses=2")
    assert done.returncode == 0, done.stderr
    assert runner.calls == [
        [
            *("twinrun", "gate", "--base-python", f"{tmp_path}/temp/base/bin/python"),
            *("arms=[mindspore,{use: tensorflow, threads: 1}]", "processes=2", f"out={tmp_path}/temp/results/timing"),
        ]
    ]


@pytest.mark.parametrize(
    ("gate_code", "undecided", "job_code"),
    [(0, "warning", 0), (6, "warning", 6), (1, "warning", 1), (4, "error", 4), (7, "warning", 0), (7, "error", 7)],
)
def test_the_answer_of_the_gate_is_that_of_the_job(
    tmp_path: Path, gate_code: int, undecided: str, job_code: int
) -> None:
    runner = Runner(tmp_path, ("twinrun",))
    done = runner.run("timing", "Timing", CODE=str(gate_code), UNDECIDED=undecided)
    assert done.returncode == job_code
    assert (f"::{undecided} title=twinrun::" in done.stdout) == (gate_code == 7)


@pytest.mark.nightly
def test_the_real_gate_times_head_and_base_in_turns(tmp_path: Path) -> None:
    """Head and base are the same here, and the machine may be busy: what counts is that there is an answer."""
    if (
        "--base-python"
        not in subprocess.run(
            [sys.executable, "-m", "harness", "gate", "--help"],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    ):
        pytest.skip("this twinrun has no gate in turns")
    runner = Runner(tmp_path)
    base = tmp_path / "temp" / "base" / "bin"
    base.mkdir(parents=True)
    (base / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (base / "python").chmod(0o755)
    overrides = [*TINY, "arms=[tensorflow]", "processes=1", "budget_s=1"]
    done = runner.run("timing", "Timing", BENCH="\n".join(overrides))
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode in (0, 4, 6)
    assert (runner.results / "timing" / "complete.json").exists()
    assert "# " in runner.summary
