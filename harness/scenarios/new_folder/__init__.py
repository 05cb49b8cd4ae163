"""Writes a folder of one's own: a model, an experiment, a pair, a test, a CI workflow. `files/` has what is written."""
