"""twinrun: matched trainings of one abstract spec in several frameworks, compared number by number.

`spec` describes, `plan` draws, `worker` runs, `parity` judges, `results` keeps, `report` shows, `cli` is the door.
"""

__version__ = "0.1.0"
ADAPTERS = "twinrun.adapters"  # the group of entry points behind which adapters are
