"""`gate`, `baseline`: what decides whether a change may go in, and what it is held against."""
