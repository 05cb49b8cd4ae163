"""Diagnoses a divergence: where it appears first, which known form an arm computes, and the proof."""
