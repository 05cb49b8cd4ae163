"""From answers to verdicts: distances in ULPs, tolerances, the chaos envelope, checks and the judge."""
