"""What is judged besides a spec's experiment: a user's own pair, and recorded runs."""
