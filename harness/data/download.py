"""Downloads the files of MNIST or Fashion-MNIST over HTTP, from the first mirror that serves them intact."""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from harness.data.dataset import DataError
from harness.data.mnist_files import Part
from harness.system.files import in_units

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
FASHION_MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)

# Seconds to connect and seconds between two packets. Without a network each mirror takes the first of them.
TIMEOUT = (10, 60)
# Seconds for a whole file, of up to 30 MB.
LONGEST_S = 600.0
_CHUNK = 1 << 14


def download(parts: Sequence[Part], folder: Path) -> tuple[dict[str, NDArray[np.uint8]], list[str]]:
    """Downloads these files of a collection into `folder`; the values by `Part.key`, and the hosts they came from.

    Raises DataError at the first file that no mirror serves, with the addresses tried and the answer of each.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"The cache {folder} cannot be made: {error}") from error
    arrays: dict[str, NDArray[np.uint8]] = {}
    hosts: list[str] = []
    collection = parts[0].collection
    mirrors = list(MIRRORS if collection == "MNIST" else FASHION_MIRRORS)
    for part in parts:
        failures = []
        for mirror in mirrors:
            url = f"{mirror}{part.name}.gz"
            try:
                arrays[part.key] = _fetch(url, part, folder)
            except DataError as error:
                failures.append(f"  - {error}")
            except OSError as error:  # which every exception of `requests` is
                failures.append(f"  - {url}: {_cause(error)}")
            else:
                hosts.append(urlsplit(url).netloc)
                # The mirror that works goes first, so that no other file waits for one that does not answer.
                mirrors = [mirror, *(other for other in mirrors if other != mirror)]
                break
        else:
            raise DataError("\n".join([f"{collection} cannot be downloaded into {folder}:", *failures]))
    return arrays, list(dict.fromkeys(hosts))


def _fetch(url: str, part: Part, folder: Path) -> NDArray[np.uint8]:
    """Downloads one file, checks it, and only then gives it its name: files in the cache are always complete."""
    import pooch  # slow to import and seldom needed

    partial = folder / f".{part.name}.{secrets.token_hex(4)}.part"  # unique: other processes may be downloading too
    progress = _Progress(part.name) if sys.stderr.isatty() else None
    try:
        with partial.open("wb") as file:
            sink = _Sink(file, url, part.largest)
            hooks = {"response": sink.check_length}
            fetch = pooch.HTTPDownloader(progressbar=progress or False, chunk_size=_CHUNK, timeout=TIMEOUT, hooks=hooks)
            _within(LONGEST_S, lambda: fetch(url, sink, None), url)
        values = part.read(partial, url)
        partial.replace(folder / part.names[0])
    finally:
        partial.unlink(missing_ok=True)
        if progress is not None:
            progress.close()
    return values


class _Sink:
    """The file that a download is written to; it accepts at most `most` bytes."""

    def __init__(self, file: BinaryIO, url: str, most: int) -> None:
        self.file, self.url, self.remaining, self.most = file, url, most, most

    def check_length(self, response: Any, **_: Any) -> None:
        """Raises DataError where the length that the server announces is invalid or too large."""
        declared = response.headers.get("content-length", "0")
        if not (declared.isascii() and declared.isdecimal()):
            raise DataError(f"{self.url}: announces a length of {declared[:40]!r}")
        if int(declared[:20]) > self.most:
            raise self._too_long(f"announces {in_units(int(declared[:20]))}")

    def write(self, chunk: bytes) -> None:
        self.remaining -= len(chunk)
        if self.remaining < 0:
            raise self._too_long("does not end")
        self.file.write(chunk)

    def flush(self) -> None:
        self.file.flush()

    def _too_long(self, what: str) -> DataError:
        return DataError(f"{self.url}: {what}; at most {in_units(self.most)} are taken")


def _within(seconds: float, fetch: Callable[[], None], url: str) -> None:
    """Runs `fetch`; DataError after `seconds`, since the time-out between two packets does not limit the whole."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            fetch()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise DataError(f"{url}: not all of it came within {seconds:g} s")
    if raised:
        raise raised[0]


def _cause(error: BaseException) -> str:
    """The message of the innermost error, such as "Connection refused", without those that libraries wrap around it."""
    inner: BaseException | None = error
    while inner is not None:
        error = inner
        inner = error.__cause__ or next(
            (argument for argument in error.args if isinstance(argument, BaseException)), None
        )
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class _Progress:
    """A line on stderr that counts bytes, with the interface that `pooch` expects of a progress bar."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0  # set by pooch; stays 0 where the server sends no length
        self._done = 0
        self._open = False

    def update(self, count: int) -> None:
        """Counts bytes. `pooch` counts the last packet as a full one, hence the limit of 100%."""
        self._done = min(self._done + count, self.total) if self.total else self._done + count
        of_total = f" of {self.total / 1e6:.1f}" if self.total else ""
        sys.stderr.write(f"\rDownloading {self.name}: {self._done / 1e6:.1f}{of_total} MB")
        sys.stderr.flush()
        self._open = True

    def reset(self) -> None:
        """Sets the count to 0; `pooch` does so once at the end, before it counts up to `total`, where it knows that."""
        self._done = 0 if self.total else self._done

    def close(self) -> None:
        """Ends the line, once."""
        if self._open:
            sys.stderr.write("\n")
        self._open = False
