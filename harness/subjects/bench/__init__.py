"""What the times of a bench say: a summary of every row, and the outcome in one sentence."""
