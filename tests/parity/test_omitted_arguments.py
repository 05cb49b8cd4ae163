"""What the adapters say of arguments that are left out is what the frameworks' signatures say."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

from harness.composition.written_model.defaults import practices

READ = """
import importlib, inspect, json, sys
told = []
for path, argument in json.loads(sys.argv[1]):
    module, _, name = path.rpartition(".")
    while True:
        try:
            owner = importlib.import_module(module)
            break
        except ImportError:
            module, _, first = module.rpartition(".")
            name = f"{first}.{name}"
    for part in name.split("."):
        owner = getattr(owner, part)
    told.append(inspect.signature(owner).parameters[argument].default)
print(json.dumps(told))
"""


@pytest.mark.nightly
@pytest.mark.parametrize("adapter", ["mindspore", "tensorflow"])
def test_signatures(adapter: str) -> None:
    stated = [practice for practice in practices(adapter).values() if practice.argument is not None]
    asked = json.dumps([(practice.class_name, practice.argument) for practice in stated])
    done = subprocess.run(
        [sys.executable, "-c", inspect.cleandoc(READ), asked], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    defaults = json.loads(done.stdout.splitlines()[-1])
    for practice, default in zip(stated, defaults, strict=True):
        assert practice.default == default, practice
