"""What several tests of arrangements set up: a processor by its flags, an empty cache, no variable that states one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.spec.arm import Arm
from harness.worker.arrangement import cache
from harness.worker.arrangement.figures import Figures

VARIABLE = "ONEDNN_MAX_CPU_ISA"
MINDSPORE = Arm(name="mindspore", adapter="mindspore", mode="jit")
SLOW, FAST = Figures(convolution_s=0.8, product_s=0.1), Figures(convolution_s=0.1, product_s=0.1)


def processor(
    monkeypatch: pytest.MonkeyPatch, folder: Path, model: str = "Made Up", flags: str = "avx2 avx512f"
) -> None:
    """Makes this machine's processor one of this model, with these flags."""
    file = folder / "cpuinfo"
    one = f"processor\t: 0\nmodel name\t: {model}\nflags\t\t: fpu {flags}\n"
    file.write_text(f"{one}\n{one}")
    monkeypatch.setattr(cache, "CPUINFO", file)


def machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A processor with AVX-512, an empty cache in `folder`, and no variable that states an arrangement."""
    processor(monkeypatch, folder)
    monkeypatch.setattr(cache, "user_cache_dir", lambda name: str(folder / "cache" / name))
    monkeypatch.delenv(VARIABLE, raising=False)
