"""A training's tables while it runs: appended in segments, joined by the reader, replaced in the end."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from made_up_traces import arm, epoch, laid_out

from harness.records.trace import Trace
from harness.results.reading import is_run, read_run
from harness.results.segments import Segments, segments_in
from harness.results.store import Store
from harness.spec import Experiment
from harness.system.writing import CannotWriteError

LOSSES = ((3.0, 2.0), (1.0,), (0.5, 0.25, 0.125))
DIGESTS = {"weight_norm/dense_1/kernel": (5.0, 6.0, 7.0)}


@pytest.fixture
def store(experiment_of: Callable[..., Experiment], tmp_path: Path) -> Store:
    store = laid_out(tmp_path / "run", experiment_of())
    (store.folder / ".scratch").mkdir()
    return store


def trained(epochs: int) -> Trace:
    """A training after so many epochs of unequal length, with a digest of every step."""
    records = [epoch(number, losses) for number, losses in enumerate(LOSSES[:epochs])]
    told = [{name: values[: len(record.losses)] for name, values in DIGESTS.items()} for record in records]
    watched = (record.model_copy(update={"digests": each}) for record, each in zip(records, told, strict=True))
    return Trace(arm=arm("one"), environment={"framework": "numpy"}, epochs=tuple(watched))


def appended(store: Store, *epochs: int) -> Segments:
    """The segments after the training has come to each of these numbers of epochs."""
    segments = Segments(store.arm_folder("one"), store.folder / ".scratch")
    for count in epochs:
        store.write_trace_record(trained(count))
        segments.append(trained(count))
    return segments


def test_a_killed_run_is_read_from_its_segments(store: Store) -> None:
    appended(store, 1, 3)
    shutil.rmtree(store.folder / ".scratch")
    assert is_run(store.folder)
    recorded = read_run(store.folder).arms["one"]
    assert recorded.failures == ()
    assert recorded.trace.epochs == trained(3).epochs
    assert recorded.columns["digest/weight_norm/dense_1/kernel"].tolist() == [5.0, 6.0, 5.0, 5.0, 6.0, 7.0]


def test_segments_hold_each_epoch_once(store: Store) -> None:
    segments = appended(store, 1, 2, 2)
    segments.append(trained(3))
    tables = [pd.read_parquet(path / "steps.parquet") for path in segments_in(store.arm_folder("one"))]
    assert [table["step"].tolist() for table in tables] == [[0, 1], [2], [3, 4, 5]]
    assert [table["epoch"].tolist() for table in tables] == [[0, 0], [1], [2, 2, 2]]


def test_joined_they_are_the_tables_of_the_end(store: Store) -> None:
    appended(store, 1, 2, 3)
    folder = store.arm_folder("one")
    parts = {
        name: pd.concat([pd.read_parquet(path / name) for path in segments_in(folder)], ignore_index=True)
        for name in ("steps.parquet", "epochs.parquet")
    }
    store.write_trace(trained(3))
    for name, joined in parts.items():
        pd.testing.assert_frame_equal(pd.read_parquet(folder / name), joined)
    assert not (folder / "segments").exists()


def test_a_segment_that_is_missing_is_named(store: Store) -> None:
    appended(store, 1, 2, 3)
    shutil.rmtree(segments_in(store.arm_folder("one"))[1])
    recorded = read_run(store.folder).arms["one"]
    assert "column step does not count from 0 to 4, in the segments" in str(recorded.failures[0])


def test_a_segment_that_the_disk_does_not_take_leaves_those_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = appended(store, 1)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pd.DataFrame, "to_parquet", full)
        with pytest.raises(CannotWriteError, match="No space left"):
            segments.append(trained(2))
    assert list((store.folder / ".scratch").iterdir()) == []
    assert len(read_run(store.folder).arms["one"].trace.epochs) == 1
    segments.append(trained(3))
    assert len(read_run(store.folder).arms["one"].trace.epochs) == 3
