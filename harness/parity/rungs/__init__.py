"""The rungs of the ladder. Each has a `RUNG`: a name, the question, the judging of the answers, the worker's task."""
