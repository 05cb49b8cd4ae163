"""Marks folders as complete by what they hold now, as a run that had left just this would have done."""

from harness.results.claim import CLAIM, claim
from harness.results.marker import Marker, complete


def seal(*runs):
    """Makes the marker of each run's folder, again where it has one."""
    for run in runs:
        if not (run / CLAIM).exists():
            claim(run, "match")
        complete(run, Marker(kind="run", status="AGREES", exit_code=0, sentence="AGREES"))


def seal_study(study, runs):
    """Makes the marker of a study's folder over those of its runs; `runs` are their places."""
    if not (study / CLAIM).exists():
        claim(study, "match")
    marker = Marker(kind="study", status="AGREES", exit_code=0, sentence="AGREES")
    complete(study, marker, {place: study / place for place in runs})
