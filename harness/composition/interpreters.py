"""The interpreter that `--base-python` names: a program, or a folder that has one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from harness.composition.mistakes import UserMistake
from harness.records.interpreter import Interpreter
from harness.system.files import FileError, given_path
from harness.system.text import printable
from harness.worker.interpreter import PACKAGES, InterpreterError, interpreter_at

OPTION = "--base-python"
PLACES = (Path("bin", "python"), Path(".venv", "bin", "python"), Path("venv", "bin", "python"))


def base_interpreter(text: str, experiment: str = "") -> Interpreter:
    """The interpreter of the base, and the twinrun that it runs.

    `text`: a program, the folder of a virtual environment, or that of a checkout with one, whose own source then runs.
    `experiment`: JSON that it must be able to read. Raises UserMistake with all that is wrong.
    """
    try:
        python, code = _place(text)
        return interpreter_at(python, code, experiment)
    except (FileError, InterpreterError) as error:
        reasons = error.reasons if isinstance(error, InterpreterError) else (str(error),)
        raise UserMistake([f"{OPTION} {printable(text)}: {reason}" for reason in reasons]) from None


def _place(text: str) -> tuple[str, Path | None]:
    """The program, and the folder of the source where the text names a checkout. Raises InterpreterError."""
    path = given_path(text)
    if not path.is_dir():
        # Only its folder is resolved: the program of a virtual environment is a link to one that knows nothing of it.
        program = shutil.which(path)
        if program is None:
            missing = "it cannot be run" if path.exists() else "there is no such program"
            raise InterpreterError(f"{missing}; give an interpreter, or the folder of an environment or a checkout")
        return str(Path(program).parent.resolve() / Path(program).name), None
    path = path.resolve()
    programs = [path / place for place in PLACES if os.access(path / place, os.X_OK)]
    if not programs:
        raise InterpreterError(f"the folder has no interpreter: none of {', '.join(map(str, PLACES))}")
    is_checkout = all((path / package / "__init__.py").is_file() for package in PACKAGES)
    return str(programs[0]), path if is_checkout else None
