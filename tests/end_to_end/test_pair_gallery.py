"""The pairs of examples/pairs: the mistake of each is named, and the repaired one agrees."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import ROOT, finish, start

GALLERY = ROOT / "examples" / "pairs"
# What the sentence on each pair must name.
NAMED = {
    "lenet5": ["average_pooling2d", "max"],
    "residual_block": ["self.bn2(self.conv2(y)) + x", "relu"],
    "text_classifier": [
        "layer lstm",
        "models_mindspore.py:14",
        "with batch_first=True in mindspore's live lstm the two agree",
    ],
    "gru": ["layer gru", "resets the product of state and recurrent kernel"],
    "ncf": ["concat", "two blocks exchanged along axis 1"],
    "transformer_block": ["epsilon"],
    "unet": ["skip"],
    "mixed_precision": ["different precisions: mindspore in float16, tensorflow in float32"],
}


def test_every_pair_of_the_gallery_is_tried() -> None:
    assert {path.parent.name for path in GALLERY.glob("*/pair.yaml")} == set(NAMED)
    assert {path.parent.name for path in GALLERY.glob("*/repaired.yaml")} == set(NAMED)


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMED)
def test_the_mistake_is_named(name: str, tmp_path: Path) -> None:
    code, out, err = finish(start(["check", f"pair={GALLERY / name / 'pair.yaml'}", "out=run"], tmp_path))
    assert "Traceback" not in out + err
    sentence = next(line for line in out.splitlines() if line.startswith("DIVERGES"))
    assert code == 1
    for part in NAMED[name]:
        assert part in sentence


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMED)
def test_the_repaired_pair_agrees(name: str, tmp_path: Path) -> None:
    code, out, err = finish(start(["check", f"pair={GALLERY / name / 'repaired.yaml'}", "out=run"], tmp_path))
    assert code == 0, out + err
    assert f"AGREES: pair {name}_repaired" in out
