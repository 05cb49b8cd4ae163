"""`check pair=`: both models of a pair are built, their parameters paired, and the rungs climbed.

`start` begins and ends it, `climb` is the order of its rungs, `asking` what both arms are asked.
"""
