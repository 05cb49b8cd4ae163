"""Arms on different hosts: one file is exported, each host records its arm from it, and any host joins the recordings.

`export` writes the file; `arrival` checks it where it arrives; `record` trains one arm and records its answers;
`join` climbs the ladder with recorded answers in place of workers; `further` is what a join asks in addition.
"""
