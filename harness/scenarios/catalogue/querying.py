"""The answer to a query in SQL over the runs that are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from harness.results.catalogue import sql
from harness.scenarios.catalogue.asking import all_of, asked, selection
from harness.scenarios.catalogue.mistakes import refuse


@dataclass(frozen=True)
class Answer:
    """`table`: what the query gives. `notes`: what the user should know beside it."""

    table: pa.Table
    notes: tuple[str, ...]


def answered(arguments: Sequence[str]) -> Answer | None:
    """The answer; None where no query is given. Raises UserMistake where the query is wrong."""
    # A query has spaces, and may well have an equals sign after its first word.
    queries = [text for text in arguments if " " in text.partition("=")[0].strip() or "=" not in text]
    if not arguments:
        return None
    request = asked([text for text in arguments if text not in queries], {}, (0, 0))
    if len(queries) != 1:
        refuse([f"give one query in quotes; given: {len(queries)}. See twinrun query --help"])
    catalogue = all_of(request)
    try:
        return Answer(sql.query(selection(request, catalogue), queries[0]), catalogue.problems)
    except sql.QueryError as error:
        refuse([str(error)])
