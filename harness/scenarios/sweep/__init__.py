"""Sweeps: one verb for many jobs, each a process of its own with a row on disk.

`job` runs one attempt; `launchers/` decide where and when; `driver` sees a sweep to its end; `start` and `actions` are
what `-m` and `twinrun sweep` do; `search` chooses the next job by what the rows say.
"""
