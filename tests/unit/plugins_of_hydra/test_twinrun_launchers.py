"""A Hydra application of a user's own finds our launchers, and a job that dies costs no other its return."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.core.utils import JobStatus
from hydra.errors import HydraException

from harness.composition.groups import ConfigGroups
from hydra_plugins.twinrun_launchers import RayLauncher, SlurmLauncher, TwinrunSearchPath
from hydra_plugins.twinrun_launchers.one_job import OneJob, package

ROOT = Path(__file__).parents[3]
CONF = ROOT / "hydra_plugins" / "twinrun_launchers" / "conf"
APPLICATION = """
import os, signal, hydra
from omegaconf import DictConfig

@hydra.main(version_base="1.3", config_path=None)
def application(config: DictConfig) -> int:
    if config.x == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    open("done", "w").write(f"{config.x} in {os.getpid()}")
    return config.x

if __name__ == "__main__":
    application()
"""

DISCOVERED = """
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin

for kind in (Launcher, SearchPathPlugin):
    print(*(f"{found.__module__}.{found.__name__}" for found in Plugins.instance().discover(kind)))
"""


def test_hydra_discovers_both_and_their_nodes() -> None:
    # In a process of its own, as in an application: Hydra looks for plugins once in a process.
    done = subprocess.run([sys.executable, "-c", DISCOVERED], cwd=ROOT, capture_output=True, text=True, check=True)
    found = set(done.stdout.split())
    assert {f"{kind.__module__}.{kind.__name__}" for kind in (RayLauncher, SlurmLauncher, TwinrunSearchPath)} <= found
    for name, kind in (("ray", RayLauncher), ("slurm", SlurmLauncher)):
        node = yaml.safe_load((CONF / "hydra" / "launcher" / f"twinrun_{name}.yaml").read_text())
        assert node.pop("_target_") == f"{kind.__module__}.{kind.__name__}"
        kind(**node)


def test_twinruns_own_nodes_of_the_same_names_come_first() -> None:
    for name in ("twinrun_slurm", "twinrun_ray"):
        node = ConfigGroups.beside(()).hydra([f"hydra/launcher={name}"])
        assert node["launcher"]["_target_"].startswith("harness.scenarios.sweep.launchers.")


def test_null_fields_are_left_to_the_cluster() -> None:
    launcher = SlurmLauncher(partition="gpu", account=None, timeout_min=5, setup=[], mem_gb=2)
    assert launcher.parameters(is_slurm=True) == {"timeout_min": 5, "mem_gb": 2, "slurm_partition": "gpu"}
    assert launcher.parameters(is_slurm=False) == {"timeout_min": 5, "mem_gb": 2}


def test_a_missing_package_is_named_with_its_extra() -> None:
    with pytest.raises(HydraException, match=r"needs the package no_such_ray: pip install 'twinrun\[ray\]'"):
        package("no_such_ray", "ray", "twinrun_ray")


def test_a_lost_job_is_a_failed_return() -> None:
    nothing: Any = None
    lost = OneJob(nothing, nothing, nothing, ["x=2"], 1, nothing).lost(RuntimeError("gone"))
    assert (lost.status, lost.overrides) == (JobStatus.FAILED, ["x=2"])
    with pytest.raises(RuntimeError, match="gone"):
        _ = lost.return_value


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("launcher", "needs"), [("twinrun_slurm hydra.launcher.executor=local", "submitit"), ("twinrun_ray", "ray")]
)
def test_an_application_sweeps_with_it(tmp_path: Path, launcher: str, needs: str) -> None:
    pytest.importorskip(needs, reason=f"the package {needs} is not installed")
    (tmp_path / "application.py").write_text(APPLICATION)
    typed = ["-m", "+x=1,2,3", "hydra.sweep.dir=swept", "hydra.job.chdir=true", *f"hydra/launcher={launcher}".split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "application.py", *typed]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert [(tmp_path / "swept" / number / "done").exists() for number in "012"] == [True, False, True], done.stderr
    pids = {(tmp_path / "swept" / number / "done").read_text().split()[-1] for number in "02"}
    assert len(pids) == 2
