"""A function of batches runs in a process of its own: what goes wrong is its fault, and all of it ends."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from misbehaving import nothing_runs_in

from harness.composition import UserMistake
from harness.composition.groups import ConfigGroups
from harness.subjects.pair import batches, drawing
from harness.subjects.pair.batches import draw
from harness.subjects.pair.composing import compose_pair
from harness.subjects.pair.drawing import BatchesError, from_function

GROUPS = ConfigGroups.beside(())
PAIR = """
name: mine
models: {tensorflow: {builder: "source.py:batches"}}
batches: source.py:batches
batch_size: 4
steps: 3
loss: mean_squared_error
optimizer: sgd
schedule: {kind: constant, rate: 0.1}
arms: [{use: tensorflow_eager, name: one}, {use: tensorflow_eager, name: two}]
"""
BATCH = "(np.ones((4, 2)), np.ones(4))"
SOURCE = "import os, subprocess, sys, time\nimport numpy as np\n\n\ndef batches():\n    {body}\n"


def drawn(folder: Path, body: str, text: str = PAIR) -> Path:
    """The file of the batches, and nothing left running."""
    (folder / "source.py").write_text(SOURCE.format(body=body))
    (folder / "pair.yaml").write_text(text)
    composed = compose_pair([f"pair={folder / 'pair.yaml'}"], groups=GROUPS)
    into = folder / "drawn.npz"
    try:
        draw(composed, into, folder / "batches.log")
    finally:
        assert nothing_runs_in(folder)
    return into


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("os._exit(0)", "did not yield its batches: its process ended with exit code 0"),
        ("os.abort()", "did not yield its batches: its process killed by SIGABRT"),
        ("sys.exit('enough')", "raised SystemExit: enough"),
        ("return [input()]", "raised EOFError"),
        ("return 3", "raised TypeError: 'int' object is not iterable"),
        ("yield np.zeros(()), 1", r"batch 0 of a wrong shape: x has shape \(\)"),
        ("yield [[1, 2], [3]], [1, 2]", "raised ValueError: setting an array element"),
        ("return iter([])", "yielded 0 batches, but steps is 3"),
        (
            "yield np.ones((4, 10**5)), np.broadcast_to(np.float32(1), (4, 10**12))",
            "raised MemoryError|yields too much",
        ),
        ("[os.write(int(n), b'x\\n') for n in os.listdir('/proc/self/fd') if int(n) > 100]", "'x.*' came in place of"),
    ],
)
def test_what_goes_wrong_is_told_of_the_function(body: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(BatchesError, match=rf"^source\.py:batches .*({expected}).*; the whole is in .*batches\.log$"):
        drawn(tmp_path, body)
    assert not (tmp_path / "drawn.npz").exists()


def test_a_function_has_a_time_limit(tmp_path: Path) -> None:
    body = "subprocess.Popen(['sleep', '1000'])\n    while True: time.sleep(1)\n    yield None"
    with pytest.raises(BatchesError, match=r"has not yielded its batches within batches_timeout_s=5;"):
        drawn(tmp_path, body, PAIR + "batches_timeout_s: 5\n")


def test_a_function_may_yield_for_ever_print_much_and_fork(tmp_path: Path) -> None:
    body = f"print('x' * 10**6)\n    os.fork()\n    while True: yield {BATCH}"
    with np.load(drawn(tmp_path, body)) as batches:
        assert {name: batches[name].shape for name in batches.files} == {"x": (3, 4, 2), "y": (3, 4)}
    assert (tmp_path / "batches.log").stat().st_size > 10**6


def test_a_full_disk_is_no_fault_of_the_function(tmp_path: Path) -> None:
    body = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n    return [{BATCH}] * 3"
    with pytest.raises(OSError, match="File too large") as caught:
        drawn(tmp_path, body)
    assert caught.value.errno == errno.EFBIG


def test_what_does_not_fit_into_memory_is_not_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Memory:
        available = 1000

    monkeypatch.setattr(drawing.psutil, "virtual_memory", Memory)
    batch = np.ones((4, 2)), np.ones(4)  # 48 bytes as float32
    assert from_function([batch] * 10, 4, 10)["x"].shape == (10, 4, 2)
    too_much = "11 batches take 0.0 GiB in 2 arms, and 0.0 GiB of memory are free; fewer steps or a smaller batch_size"
    with pytest.raises(BatchesError, match=f"yields too much: {too_much}"):
        from_function([batch] * 11, 4, 11)


def test_a_file_of_batches_that_does_not_fit_into_memory_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batches, "available_memory", lambda: (1000, "available on this machine"))
    np.savez(tmp_path / "data.npz", x=np.ones((4, 2), np.float32), y=np.ones(4, np.float32))
    text = PAIR.replace("batches: source.py:batches", "batches: data.npz").replace("steps: 3", "steps: 30")
    with pytest.raises(UserMistake, match="1,000 bytes is available on this machine"):
        drawn(tmp_path, "pass", text)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x93NUMPY"])
def test_a_broken_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(UserMistake, match=r"data\.npz cannot be read .*; it must hold x and y"):
        drawn(tmp_path, "pass", PAIR.replace("batches: source.py:batches", "batches: data.npz"))
