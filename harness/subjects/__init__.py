"""What is judged besides an experiment: a user's pair of models, and recorded runs."""
