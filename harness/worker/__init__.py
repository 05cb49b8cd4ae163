"""One process per arm: `child` runs in it, `process` is the parent's side of it, `tasks` are its questions.

Requests go in as JSON lines, events come out as JSON lines on a separate pipe; arrays cross in .npz files.
"""

from harness.worker.pool import KeptWorkers, OpenPool, Workers
from harness.worker.process import Worker

__all__ = ["KeptWorkers", "OpenPool", "Worker", "Workers"]
