"""The parity ladder, one file per rung: the question to every arm, and the verdicts on the answers."""
