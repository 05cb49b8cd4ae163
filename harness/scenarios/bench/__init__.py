"""`bench`: parity first, then every row timed in rounds of fresh processes, until the ratios are known well enough.

`start` begins and ends it, `credit` looks for the parity, `estimate` says what it will cost, `rounds` times, and
`process` is one process of it.
"""
