"""The environment variables with which an arm's framework is fastest here: measured once, kept, and chosen by rule.

`probe` is measured in a process of its own for each candidate (`calibration`), `cache` keeps the figures, `figures`
says which candidate they choose, and `choice` does so for an arm.
"""
