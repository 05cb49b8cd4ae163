"""The folder of a run: every file is written whole or not at all, and pandas can read it."""
