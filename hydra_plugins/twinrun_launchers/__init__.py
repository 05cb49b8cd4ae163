"""Launchers for Hydra applications of a user's own: `hydra/launcher=twinrun_slurm` and `hydra/launcher=twinrun_ray`.

Hydra imports all packages of `hydra_plugins` at its start, so this one imports submitit and Ray only when it launches.
`twinrun` itself has launchers of the same names (`harness.scenarios.sweep.launchers`), whose jobs are rows on disk.
"""

from __future__ import annotations

from hydra_plugins.twinrun_launchers.ray_launcher import RayLauncher
from hydra_plugins.twinrun_launchers.search_path import TwinrunSearchPath
from hydra_plugins.twinrun_launchers.slurm_launcher import SlurmLauncher

__all__ = ["RayLauncher", "SlurmLauncher", "TwinrunSearchPath"]
