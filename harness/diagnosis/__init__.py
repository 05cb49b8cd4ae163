"""The diagnosis of a divergence: its first place, the known form that the arm computes, and the proof of that."""
