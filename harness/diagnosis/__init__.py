"""What is behind a divergence: where it stands first, which known form an arm computes, and the proof of it."""
