"""Oracles: what says of a tensor what it should be, how far each arm may be off, and whether a culprit has a name."""
