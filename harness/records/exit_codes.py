"""The exit codes of the command and their meanings. Imports nothing, so that help is printed at once."""

from __future__ import annotations

AGREES, DIVERGES, MISTAKE, CRASHED, UNVERIFIED, UNFINISHED, SLOWER, UNDECIDED = range(8)
INTERNAL, INTERRUPTED = 70, 130

EXIT_CODES = {
    AGREES: "all that was checked agrees, or its difference is known, or an arm says that it does not support the spec",
    DIVERGES: "at least one divergence; of a gate also a lower accuracy; of verify what does not "
    "follow from the records",
    MISTAKE: "a mistake in what was asked for; nothing was written",
    CRASHED: "an arm crashed or ran out of time; the others finished",
    UNVERIFIED: "something could not be verified: a framework, a device or a record is missing, a check that was asked "
    "for was not made, seeds are too few, or nothing but the reference was there to be checked",
    UNFINISHED: "the run did not come to its end: the disk is full, or nobody takes the output; what was recorded is "
    "kept, and the folder says that it is unfinished",
    SLOWER: "a gate: an arm is slower than its base; nothing that it computes is worse",
    UNDECIDED: "a gate: the times or accuracies do not decide; the table says how many processes or seeds would",
    INTERNAL: "an internal error of twinrun; the run is unfinished, and one line says where the traceback is",
    INTERRUPTED: "interrupted with Ctrl-C or SIGTERM; the run is unfinished, and what was recorded is kept",
}
