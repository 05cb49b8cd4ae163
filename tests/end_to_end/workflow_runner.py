"""Runs steps of docs/ci/twinrun.yml as a runner of GitHub Actions does, with stand-ins for what is GitHub's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from command import ENVIRONMENT, ROOT

WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / "docs" / "ci" / "twinrun.yml").read_text())
JOBS: dict[str, Any] = WORKFLOW["jobs"]
EXPRESSIONS = {
    "github.token": "a-token",
    "github.event.pull_request.number": "7",
    "github.server_url": "https://example.org",
    "github.repository": "owner/port",
    "github.run_id": "42",
}
# Writes down how it was called; a gate leaves the marker that it is told to, and ends with the code that it is told to.
STAND_IN = """#!/bin/bash
printf '%s\\n' "$(basename "$0")" "$@" --- >> "$RUNNER_TEMP/calls"
if [ "$1" = gate ]; then
  for argument; do case "$argument" in out=*) folder="${argument#out=}";; esac; done
  mkdir -p "$folder" && printf '{"sentence": "GATED: made up"}' > "$folder/complete.json"
fi
if [ "$1 $2" = "api repos/owner/port/issues/7/comments" ]; then printf '%s' "$FOUND"; fi
exit "${CODE:-0}"
"""


@dataclass(frozen=True)
class Runner:
    """A runner's folders. `stand_ins`: the programs that are not run."""

    folder: Path
    stand_ins: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        return self.folder / "temp" / "results"

    @property
    def summary(self) -> str:
        file = self.folder / "summary.md"
        return file.read_text() if file.exists() else ""

    @property
    def calls(self) -> list[list[str]]:
        """The programs that stand in for others, as they were called."""
        text = (self.folder / "temp" / "calls").read_text()
        return [call.strip().split("\n") for call in text.split("---\n")[:-1]]

    def run(self, job: str, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs one step as a runner does; variables that are stated here are those of the workflow's `env`."""
        step = step_of(job, name)
        self._install()
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        variables = {
            **ENVIRONMENT,
            **resolved(WORKFLOW["env"]),
            **resolved(step.get("env", {})),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GITHUB_PATH": str(self.folder / "path"),
            "GITHUB_REPOSITORY": "owner/port",
            "FOUND": "",
            **environment,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True, timeout=300, check=False
        )

    def _install(self) -> None:
        programs = dict.fromkeys(self.stand_ins, STAND_IN)
        programs.setdefault("twinrun", f'#!/bin/bash\nexec {sys.executable} -m harness "$@"\n')
        (self.folder / "bin").mkdir(parents=True, exist_ok=True)
        (self.folder / "temp").mkdir(exist_ok=True)
        for name, text in programs.items():
            file = self.folder / "bin" / name
            file.write_text(text)
            file.chmod(0o755)


def step_of(job: str, name: str) -> dict[str, Any]:
    (step,) = [step for step in JOBS[job]["steps"] if step.get("name") == name]
    return dict(step)


def resolved(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables with the runner's expressions replaced; one that is not known here is a mistake in the workflow."""
    return {
        name: re.sub(r"\$\{\{ (.+?) \}\}", lambda match: EXPRESSIONS[match[1]], text)
        for name, text in variables.items()
    }


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, job in JOBS.items() for step in job["steps"]]
