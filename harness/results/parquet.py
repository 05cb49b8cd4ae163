"""Reads Parquet in the calling thread alone.

The threads that Arrow starts for a read may abort the interpreter as it ends ("terminate called without an active
exception"), or keep it from ending: a run that agreed would then exit with 134, or never. See
https://github.com/apache/arrow/issues/34314 and https://github.com/apache/arrow/issues/50482. A path makes Arrow start
threads as well, whatever it is told, so that only bytes are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd


def opened(content: bytes) -> pq.ParquetFile:
    """The Parquet file with these bytes; a page that does not match its checksum cannot be read."""
    return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)


def table_of(file: pq.ParquetFile, columns: list[str] | None = None) -> pa.Table:
    """The columns of an opened file; all of them if None."""
    return file.read(columns, use_threads=False)


def frame_of(table: pa.Table, types_mapper: Callable[[pa.DataType], Any] | None = None) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(use_threads=False, types_mapper=types_mapper)
    return frame
