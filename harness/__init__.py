"""twinrun: matched trainings of one abstract spec in several frameworks, compared number by number.

`spec` describes, `plan` draws, `worker` runs, `rungs` ask, `judging` judges, `results` stores, `report` shows, and
`cli` is the command. `docs/architecture.md` lists every package.
"""

__version__ = "0.1.0"
ADAPTERS = "twinrun.adapters"  # the group of entry points behind which adapters are
