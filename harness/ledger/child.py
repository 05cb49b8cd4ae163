"""The process that runs evidence: `python -m harness.ledger.child FOLDER`, where FOLDER has a script for each entry."""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path


def lay_out(folder: Path, scripts: Mapping[str, str]) -> None:
    """Writes the scripts, by entry, to files: MindSpore compiles functions from their source."""
    for name, script in scripts.items():
        (folder / f"{name}.py").write_text(script, encoding="utf-8")
    (folder / "order.json").write_text(json.dumps(list(scripts)), encoding="utf-8")


def main(folder: Path) -> None:
    """Runs the scripts and writes each result before the next script starts: a crash loses one entry, not all."""
    for name in json.loads((folder / "order.json").read_text(encoding="utf-8")):
        status, output = run(folder / f"{name}.py")
        result = json.dumps({"status": status, "output": output})
        (folder / f"{name}.result").write_text(result, encoding="utf-8")


def run(script: Path) -> tuple[str, str]:
    """The status (`diverges`, `gone` or `crashed`) that the script shows, and its output."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            # Under a module name, in which a compiler looks up the names that a function refers to.
            namespace = runpy.run_path(str(script), run_name="evidence")
    except Exception:
        return "crashed", printed.getvalue() + traceback.format_exc(limit=-2)
    if "diverges" not in namespace:
        return "crashed", printed.getvalue() + "the evidence does not set `diverges`"
    return "diverges" if bool(namespace["diverges"]) else "gone", printed.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
