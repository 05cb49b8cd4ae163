"""The order of steps in check, match, study, pair and compare. A listener is told of every event."""
