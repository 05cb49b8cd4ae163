"""What a join asks of live arms in addition: one file of questions, and the commands that record their answers."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Lock

from harness.results.exported import Further, write_further
from harness.results.packing import SUFFIX, pack
from harness.rungs.carried import Asked, copied, write_questions
from harness.worker.task import PROTOCOL

FILE = f"questions{SUFFIX}"


class Missing:
    """Collects questions without an answer. Their files are copied to `folder`, since a later question replaces them.

    Arms are asked side by side, so it may be called from any thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self.questions: dict[str, Asked] = {}
        self.arms: dict[str, str] = {}

    def adder(self, arm: str) -> Callable[[Asked], None]:
        """What keeps a question to this arm. `arm`: its name on its host."""
        return partial(self._add, arm)

    def _add(self, arm: str, asked: Asked) -> None:
        with self._lock:
            name = f"{arm}-{len(self.questions) + 1}"
            self.questions[name], self.arms[name] = copied(asked, self._folder / name), arm

    def write(self, target: Path, export: str, experiment: str) -> Path:
        """Writes the file of all questions, about the export with this digest, into the folder `target`."""
        with tempfile.TemporaryDirectory(prefix="twinrun-further-") as above:
            folder = Path(above) / "further"
            folder.mkdir()
            write_questions(folder, self.questions)
            digests = {name: asked.digest for name, asked in self.questions.items()}
            write_further(folder, Further(protocol=PROTOCOL, export=export, questions=digests, arms=self.arms))
            pack(folder, target / FILE, experiment)
        return target / FILE

    def commands(self, file: Path, source: str, again: Sequence[str], earlier: int) -> list[str]:
        """The command for each arm's host, and the one that compares again.

        `again`: the arguments of this comparison; `earlier`: how many folders of further answers are among them.
        """
        number = f"-{earlier + 1}" if earlier else ""
        outs = {arm: f"further-{arm}{number}" for arm in sorted(set(self.arms.values()))}
        records = [
            ["record", f"arm={arm}", f"from={source}", f"questions={file}", f"out={out}"] for arm, out in outs.items()
        ]
        compare = ["compare", *again, *(f"answers={folder}" for folder in outs.values())]
        return [shlex.join(["twinrun", *words]) for words in (*records, compare)]

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
