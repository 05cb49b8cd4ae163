"""The parity ladder, one file a rung: what it asks every arm, and what it makes of the answers."""
