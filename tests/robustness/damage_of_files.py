"""Damages to files and folders: cut, flipped, emptied, gone, exchanged, of another run, of another kind, added."""

import json
import os
import random
import shutil
from functools import partial

from harness.results.marker import MARKER, records_in

FLIPS, SEED = 6, 11


def of_bytes(run):
    """(name, file, damage): of every record, and of the marker, cuts and single bits at places drawn from a seed."""
    rng = random.Random(SEED)
    for file in [*records_in(run), MARKER]:
        size = (run / file).stat().st_size
        for length in (0, 1, size // 3, size // 2, size - 9):
            yield f"cut to {length}", file, partial(cut, file, length)
        for _ in range(FLIPS):
            bit = rng.randrange(8 * size)
            yield f"bit {bit} flipped", file, partial(_flip, file, bit)
        yield "a byte more", file, partial(_longer, file)


def cut(file, length, run):
    (run / file).write_bytes((run / file).read_bytes()[:length])


def _flip(file, bit, run):
    content = bytearray((run / file).read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    (run / file).write_bytes(content)


def _longer(file, run):
    with (run / file).open("ab") as opened:
        opened.write(b"x")


def of_kinds(run, other):
    """Of every record: gone, that of another run, and everything that is no plain file of a record's size."""
    for file in [*records_in(run), MARKER]:
        yield "gone", file, partial(_replaced, file, lambda path: None)
        if (other / file).read_bytes() != (run / file).read_bytes():  # both may hold nothing
            yield "of another run", file, partial(_replaced, file, partial(shutil.copyfile, other / file))
        yield "a folder", file, partial(_replaced, file, lambda path: path.mkdir())
        yield "a pipe", file, partial(_replaced, file, os.mkfifo)
        yield "a device", file, partial(_replaced, file, lambda path: path.symlink_to("/dev/zero"))
        yield "a link to nothing", file, partial(_replaced, file, lambda path: path.symlink_to("nothing"))
        yield "of a terabyte", file, partial(_replaced, file, _sparse)
        if file.endswith(".json"):
            for what, opening in (("lists", "["), ("objects", '{"a":')):
                text = opening * 100_000
                yield f"nested {what}", file, partial(_replaced, file, lambda path, text=text: path.write_text(text))


def _replaced(file, make, run):
    (run / file).unlink()
    make(run / file)


def _sparse(path):
    path.touch()
    os.truncate(path, 1 << 40)


def of_folders(run):
    """Of whole arms, and what was not there."""
    yield "arms exchanged", "arms/narrow/trace.json", _exchanged
    yield "an arm gone", "arms/narrow/trace.json", lambda run: shutil.rmtree(run / "arms/narrow")
    yield "all arms gone", "arms/narrow/trace.json", lambda run: shutil.rmtree(run / "arms")
    yield "an arm renamed", "arms/narrow/trace.json", lambda run: (run / "arms/narrow").rename(run / "arms/thin")
    yield "an arm twice", "arms/twin/trace.json", lambda run: shutil.copytree(run / "arms/narrow", run / "arms/twin")
    yield "an empty arm", "arms/twin/trace.json", lambda run: (run / "arms/twin").mkdir()
    for file in ("arms/narrow/other.json", "other.parquet", "arms/narrow/other.npz"):
        yield "added", file, lambda run, file=file: (run / file).write_text("{}")
    yield "no end", MARKER, lambda run: (run / MARKER).unlink()
    yield "no marker at all", MARKER, _unmarked
    yield "a digest exchanged", "plan.json", partial(_marked, lambda records: records.update({"plan.json": "0" * 64}))
    yield "a digest gone", "plan.json", partial(_marked, lambda records: records.pop("plan.json"))


def _exchanged(run):
    (run / "arms/wide").rename(run / "arms/x")
    (run / "arms/narrow").rename(run / "arms/wide")
    (run / "arms/x").rename(run / "arms/narrow")


def _unmarked(run):
    (run / MARKER).unlink()
    (run / "claim.json").unlink()


def _marked(change, run):
    content = json.loads((run / MARKER).read_text())
    change(content["records"])
    (run / MARKER).write_text(json.dumps(content))
