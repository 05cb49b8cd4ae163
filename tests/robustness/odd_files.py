"""Files and folders that a user may name: what they should be, damaged, of an odd name, or no file at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import yaml
from odd_texts import GROUPS

from harness.composition import compose

ROOT = Path(__file__).parents[2]
PAIR = ROOT / "examples" / "pair"
ALIASES = "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(12))
# Texts that are odd both as JSON and as YAML, by the name of the file.
TEXTS: dict[str, str | bytes] = {
    "empty": "",
    "blank": " \n\t\n",
    "null": "null",
    "list": "[1, 2]",
    "text": '"text"',
    "deep": "[" * 3000 + "]" * 3000,
    "deeper": '{"name": ' + '{"a": ' * 100_000,
    "deep_arms": json.dumps({"name": "x"})[:-1] + ', "arms": ' + "[" * 500 + "]" * 500 + "}",
    "nan": '{"name": "x", "seed": NaN, "training": {"epochs": Infinity}}',
    "twice": '{"name": "x", "name": "y"}',
    "digits": '{"name": "x", "seed": ' + "9" * 5000 + "}",
    "utf16": '{"name": "x"}'.encode("utf-16"),
    "latin1": '{"name": "\xe9"}'.encode("latin-1"),
    "bom": b'\xef\xbb\xbf{"name": "x"}',
    "nul": b'{"name": "a\0b"}',
    "bytes": bytes(range(256)),
    "surrogate": '{"name": "\\ud800", "seed": 1}',
    "escapes": '{"name": "x", "\\u001b[31mred": 1, "<img src=x>": "[/bold]", "a\\nb": 2}',
    "many_keys": json.dumps({f"key_{n}": n for n in range(20_000)}),
    "dotted": '{"training.epochs": 3, "": 1, ".": 2}',
    "code": '{"_target_": "os.system", "_args_": ["id"], "name": "${oc.env:HOME}"}',
    "aliases": ALIASES,
    "self": "a: &a [*a]\nname: x\n",
    "python": "name: !!python/object/apply:os.system [id]\n",
    "keys": "1: a\nnull: b\ntrue: c\n[1, 2]: d\n2001-01-01: e\n",
    "documents": "name: x\n---\nname: y\n",
    "tabs": "name:\n\t- x\n",
    "merge": "<<: [1]\nname: x\n",
    "dates": "name: 2001-01-01\nseed: 0o17\n",
}
OPTIONS = (
    "null",
    "true",
    "0",
    "_self_",
    "a,b",
    "a=b",
    "é",
    "[/bold]",
    "a b",
    "x.y",
    "-x",
    "${seed}",
    "adam",
    "hydra",
    "~",
    "\x1b[31m",
)
CONTENTS = (
    "kind: sgd\n",
    "_target_: os.system\n",
    "defaults: [nosuch]\n",
    "defaults:\n  - _self_\n  - ../loss: huber\n",
    "# @package _global_\ndefaults:\n  - override /optimizer: nosuch\n",
    "# @package _global_\nvariants: {a: [training.epochs=1], b: 3, '[/bold]': [x]}\n",
    "# @package a.b.c\nx: 1\n",
    "kind: ${oc.env:HOME}\n",
    "kind: ${kind}\n",
    "name: x\nadapter: reference\nmode: numpy\n",
    "hydra: {run: {dir: /}}\n",
    *(text for text in TEXTS.values() if isinstance(text, str) and len(text) < 10_000),
)
Make = Callable[[Path], object]


def furnish(folder: Path, seed: str) -> None:
    """Makes `folder` anew, with what this module knows of; the damages are those of the seed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    random = Random(seed)
    sound = {"experiment.json": experiment_text(), "pair.yaml": pair_text()}
    for name, text in sound.items():
        (folder / name).write_text(text)
        for number in range(12):
            (folder / f"damaged{number}{Path(name).suffix}").write_bytes(damaged(random, text))
    for name, text in TEXTS.items():
        for suffix in (".json", ".yaml"):
            (folder / f"{name}{suffix}").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, make in places().items():
        make(folder / name)
    builders(folder)
    config_folder(random, folder / "conf")


def experiment_text() -> str:
    return compose(["arms=[{use: reference, precision: float32}]"]).experiment.model_dump_json(indent=1)


def pair_text() -> str:
    return (PAIR / "small_cnn.yaml").read_text()


def places() -> Mapping[str, Make]:
    """What lies where a file or a folder is expected."""
    return {
        "fifo": os.mkfifo,
        "fifo.json": os.mkfifo,
        "fifo.yaml": os.mkfifo,
        "folder.json": Path.mkdir,
        "folder.yaml": Path.mkdir,
        "empty_folder": Path.mkdir,
        "zero.json": partial(os.symlink, "/dev/zero"),
        "zero.yaml": partial(os.symlink, "/dev/zero"),
        "tty.json": partial(os.symlink, "/dev/tty"),
        "memory.json": partial(os.symlink, "/proc/self/mem"),
        "loop": partial(os.symlink, "loop"),
        "loop.json": partial(os.symlink, "loop.json"),
        "dangling.json": partial(os.symlink, "nosuch"),
        "dangling": partial(os.symlink, "nosuch"),
        "circle": partial(os.symlink, "."),
    }


def builders(folder: Path) -> None:
    for name in ("models_mindspore.py", "models_tensorflow.py", "batches.py"):
        shutil.copy(PAIR / name, folder)
    np.savez(folder / "batches.npz", x=np.zeros((4, 3)), y=np.zeros((4, 1)))
    (folder / "broken.py").write_text("def net(:\n")
    (folder / "deep.py").write_text("net = " + "(" * 1000 + ")" * 1000 + "\n")
    (folder / "nul.py").write_bytes(b"net = 0\0\n")
    (folder / "latin1.py").write_bytes("net = '\xe9'\n".encode("latin-1"))
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "fifo.py")


def config_folder(random: Random, folder: Path) -> None:
    """Groups of the user's own: names and contents that Hydra, YAML or the file system take for something else."""
    for group in GROUPS:
        (folder / group).mkdir(parents=True)
        for option in random.sample([option for option in OPTIONS if "/" not in option], 6):
            (folder / group / f"{option}.yaml").write_text(random.choice(CONTENTS))
    (folder / "optimizer" / "folder.yaml").mkdir()
    os.mkfifo(folder / "optimizer" / "fifo.yaml")
    (folder / "optimizer" / "loop.yaml").symlink_to("loop.yaml")
    (folder / "optimizer" / "latin1.yaml").write_bytes("kind: \xe9\n".encode("latin-1"))
    Path(os.fsdecode(os.fsencode(folder) + b"/optimizer/\xff.yaml")).write_text("kind: sgd\n")


def damaged(random: Random, text: str) -> bytes:
    """The text cut off, with bytes changed, or with one of its values replaced by another kind of value."""
    data = bytearray(text.encode())
    match random.randrange(4):
        case 0:
            return bytes(data[: random.randrange(len(data))])
        case 1:
            for _ in range(random.randint(1, 4)):
                data[random.randrange(len(data))] = random.randrange(256)
            return bytes(data)
        case _:
            tree = yaml.safe_load(text)
            leaf = random.choice(list(leaves(tree)))
            parent, key = leaf
            parent[key] = random.choice(
                (None, True, -1, 1e308, 10**30, "x" * 1000, [], {}, [[1]], {"a": {"b": 1}}, "é", "${seed}")
            )
            return json.dumps(tree).encode()


def leaves(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in plain containers, as the container and the key or index in it."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(value, dict | list):
            yield from leaves(value)
