"""What outlives a process: verdict, trace, failure, and what a run comes to. Nothing here imports what makes them."""
