"""Reads and changes the records of a run by hand."""

import json

import pandas as pd


def verdicts_of(folder):
    """The table of verdicts of a run or of a comparison."""
    return pd.read_parquet(folder / "verdicts.parquet")


def change_table(path, change):
    """Changes a table in place; where it has losses, all that repeats them says the same."""
    table = pd.read_parquet(path)
    change(table)
    table.to_parquet(path)
    if path.name == "steps.parquet":  # a training that had these losses would say so
        epochs = pd.read_parquet(path.with_name("epochs.parquet"))
        parts = [[float(loss) for loss in part] for _, part in table["loss"].groupby(table["epoch"])]
        epochs["train_loss"] = [sum(losses) / len(losses) for losses in parts]
        epochs.to_parquet(path.with_name("epochs.parquet"))
        say_so(path, steps=len(table), train_loss=float(epochs["train_loss"].iloc[-1]))


def say_so(path, **told):
    """What the summary of a training says that left such a record."""
    trace = path.with_name("trace.json")
    change_json(trace, summary={**json.loads(trace.read_text())["summary"], **told})


def change_json(path, **changes):
    """Replaces fields of a JSON object in a file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
