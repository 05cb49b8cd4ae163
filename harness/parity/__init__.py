"""The parity ladder: each rung asks every arm the same question and judges the answers against the reference.

A rung is a module with `NAME`, `ask(context)` and `judge(context, answers)`; `ladder` climbs them in order.
"""
