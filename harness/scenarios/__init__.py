"""The order of things: check, match, study, pair, compare. What happens is told to a listener."""
