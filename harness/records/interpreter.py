"""An interpreter with a twinrun of its own: what one side of a gate runs."""

from __future__ import annotations

import os

from harness.spec.arm import Arm
from harness.spec.base import Spec

PYTHONPATH = "PYTHONPATH"


class Interpreter(Spec):
    """`python`: the program. `code`: the folder that holds its packages `harness` and `adapters`. `twinrun`: their
    version. `source`: a digest of their source, which differs where two checkouts of one version do."""

    python: str
    code: str
    twinrun: str
    source: str

    def running(self, arm: Arm) -> Arm:
        """The arm, run by this interpreter with its own twinrun; what else it is set to stays as it is."""
        path = os.pathsep.join(filter(None, [self.code, arm.environment.get(PYTHONPATH)]))
        environment = {**arm.environment, PYTHONPATH: path}
        return arm.model_copy(update={"python": self.python, "environment": environment})

    def __str__(self) -> str:
        return f"twinrun {self.twinrun} of {self.code} (source {self.source}), run by {self.python}"
