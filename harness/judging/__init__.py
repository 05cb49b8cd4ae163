"""Judging: distances in ULPs, tolerances, the chaos envelope, checks, and the judge that makes verdicts of them."""
