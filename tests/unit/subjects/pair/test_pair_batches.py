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
            "yield np.ones((4, 2)), np.ones(4)\n    yield np.ones((4, 2), int), np.ones(4)",
            r"batch 1 of another form: x \(4, 2\) int32, .*; those before had x \(4, 2\) float32",
        ),
        (
            "yield (np.ones(4), np.ones(4)), np.ones(4)\n    yield (np.ones(4),) * 3, np.ones(4)",
            "batch 1 of another form: .*x/2",
        ),
        (
            "yield np.ones((4, 2)), np.ones(4)\n    yield np.ones((3, 2)), np.ones(3)",
            "x has 3 samples, batch_size is 4",
        ),
        (
            "yield np.ones((4, 2)), np.ones(4), np.ones(4)",
            r"yielded tuple of 3 at batch 0, not \(x, y\); several inputs",
        ),
        ("yield {'x': np.ones(4), 'y': np.ones(4)}", r"yielded dict at batch 0, not \(x, y\)"),
        ("yield {'a b': np.ones(4)}, np.ones(4)", "whose x is a mapping with names that are no identifiers: 'a b'"),
        ("yield np.array(['a'] * 4), np.ones(4)", "x holds <U1, not numbers"),
        ("yield np.full((4, 1), 2**40), np.ones(4)", "yielded batch 0 that holds the integer 1099511627776"),
        ("yield (np.ones(4), np.ones(3)), np.ones(4)", r"x/0 has 4 samples, x/1 has shape \(3,\)"),
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


def test_a_list_is_one_array_unless_it_holds_arrays_of_samples() -> None:
    rows, y = [np.ones(2)] * 4, np.ones(4)
    assert {name: values.shape for name, values in from_function([(rows, y)], 4, 1).items()} == {
        "x": (1, 4, 2),
        "y": (1, 4),
    }
    assert list(from_function([([np.ones(4), np.ones((4, 3))], y)], 4, 1)) == ["x/0", "x/1", "y"]
    assert list(from_function([((np.ones(4),), y)], 4, 1)) == ["x", "y"]


def test_a_function_that_needs_arguments_is_told(tmp_path: Path) -> None:
    (tmp_path / "source.py").write_text("def batches(size, shuffle=True):\n    yield None\n")
    (tmp_path / "pair.yaml").write_text(PAIR)
    composed = compose_pair([f"pair={tmp_path / 'pair.yaml'}"], groups=GROUPS)
    with pytest.raises(BatchesError, match=r"needs 1 argument \(size\); it is called without any"):
        draw(composed, tmp_path / "drawn.npz", tmp_path / "batches.log")


def test_several_inputs_and_targets_are_yielded_or_lie_in_a_file(tmp_path: Path) -> None:
    body = "while True: yield {'a': np.ones(4, int), 'mask': np.ones((4, 2), bool)}, (np.ones(4), np.zeros((4, 1)))"
    with np.load(drawn(tmp_path, body)) as arrays:
        forms = {name: (arrays[name].shape, str(arrays[name].dtype)) for name in arrays.files}
    assert forms == {
        "x/a": ((3, 4), "int32"),
        "x/mask": ((3, 4, 2), "bool"),
        "y/0": ((3, 4), "float32"),
        "y/1": ((3, 4, 1), "float32"),
    }
    np.savez(tmp_path / "data.npz", **{"x/0": np.arange(6), "x/1": np.arange(6.0), "y": np.arange(6)})
    text = PAIR.replace("batches: source.py:batches", "batches: data.npz")
    with np.load(drawn(tmp_path, "pass", text)) as arrays:
        assert arrays["x/0"].tolist() == [[0, 1, 2, 3]] * 3
        assert arrays["x/1"].dtype == np.float32
    np.savez(tmp_path / "data.npz", **{"x/0": np.arange(6), "x/1": np.arange(5.0), "y": np.arange(6)})
    with pytest.raises(UserMistake, match=r"data\.npz: x/0 has 6 samples, x/1 has shape \(5,\)"):
        drawn(tmp_path, "pass", text)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x93NUMPY"])
def test_a_broken_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "data.npz").write_bytes(content)
    with pytest.raises(UserMistake, match=r"data\.npz cannot be read .*; it must hold x and y"):
        drawn(tmp_path, "pass", PAIR.replace("batches: source.py:batches", "batches: data.npz"))
