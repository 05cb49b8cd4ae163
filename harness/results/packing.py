"""One file to send somebody: a folder of twinrun as a zip archive with a digest of every file.

The archive of equal files has equal bytes: names in order, no times, no owners. Its first member, `twinrun.json`, has
the SHA-256 and the size of every file. What arrives is not trusted: names that lead out of the folder, links, files
that the list does not have, and more bytes than it states are refused before anything is in its place.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any

from harness import __version__
from harness.results.kinds import kind_of
from harness.results.marker import digest_of
from harness.results.objects import NOT_READ, parse_object
from harness.system.writing import as_disk_failure, whole

SUFFIX = ".twinrun"
LIST = "twinrun.json"
SCHEMA_VERSION = 1
TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can hold
LEVEL = 6
MOST_FILES, MOST_BYTES, MOST_LIST_BYTES = 100_000, 64 << 30, 64 << 20
MOST_RATIO = 1100  # deflate reaches at most 1,032
CHUNK = 1 << 20
SKIPPED = (".scratch",)  # what workers share; it is gone when a run ends
UNSAFE = set('\\:*?"<>|')


class PackageError(Exception):
    """A file that is no package, or not the one that was sent; the message is one clause."""


def pack(folder: Path, target: Path, experiment: str) -> int:
    """Writes the package of a folder, of a run of `experiment`. Returns the number of files in it.

    Raises PackageError where the folder holds something else than files and folders.
    """
    files = _files(folder)
    listed: dict[str, dict[str, Any]] = {
        place: {"sha256": digest_of(path), "bytes": path.stat().st_size} for place, path in sorted(files.items())
    }
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "twinrun": __version__,
        "name": safe_name(folder.resolve().name),
    }
    head["experiment"] = safe_name(experiment)
    content = {**head, "kind": kind_of(folder), "files": listed}
    with whole(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        archive.writestr(_member(LIST), json.dumps(content, indent=1) + "\n", zipfile.ZIP_DEFLATED, LEVEL)
        for place in listed:
            # Arrays of weights do not become smaller.
            method = zipfile.ZIP_STORED if place.endswith((".npz", ".png", ".parquet")) else zipfile.ZIP_DEFLATED
            member = _member(place)
            member.compress_type, member.file_size = method, listed[place]["bytes"]
            with files[place].open("rb") as source, archive.open(member, "w") as sink:
                shutil.copyfileobj(source, sink, CHUNK)
    return len(listed)


def unpack(package: Path, folder: Path) -> dict[str, Any]:
    """Writes what a package holds into a new folder, which appears whole or not at all. Returns the package's list.

    Raises PackageError where the package is damaged, was changed, or would write elsewhere; FileExistsError where the
    folder exists; CannotWriteError where the disk does not take it.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            content = _list_of(archive)
            folder.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent))
            try:
                for place, facts in content["files"].items():
                    _extract(archive, place, facts, made)
                made.chmod(0o755)
                if folder.exists() or folder.is_symlink():
                    raise FileExistsError(f"{folder} exists already")
                made.rename(folder)
            finally:
                shutil.rmtree(made, ignore_errors=True)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PackageError(f"is no whole package ({error}); was it cut off on its way?") from None
    except OSError as error:
        raise (as_disk_failure(error, folder) or error) from error
    return content


def names_in(package: Path) -> tuple[str, str]:
    """The experiment and the name of the folder that was packed. Raises PackageError as `unpack` does."""
    try:
        with zipfile.ZipFile(package) as archive:
            content = _list_of(archive)
            return content["experiment"], content["name"]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PackageError(f"is no whole package ({error}); was it cut off on its way?") from None


def safe_name(name: str) -> str:
    """The name with what not every system can hold replaced by `_`."""
    kept = "".join(
        "_" if character in UNSAFE | {"/"} or not character.isprintable() else character for character in name
    )
    return kept.strip(". ") or "run"


def _files(folder: Path) -> dict[str, Path]:
    """The files of a folder by their place. Hidden ones and those of a run that is not over are left out."""
    found = {}
    for path in folder.rglob("*"):
        place = path.relative_to(folder)
        if any(part in SKIPPED for part in place.parts):
            continue
        kind = path.lstat().st_mode
        if stat.S_ISREG(kind):
            found[place.as_posix()] = path
        elif not stat.S_ISDIR(kind):
            raise PackageError(f"{place} is neither a file nor a folder, and is not packed")
    if unsafe := [place for place in found if not _is_safe(place)]:
        raise PackageError(f"{unsafe[0]!r} is a name that not every system can hold")
    return found


def _member(place: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(place, TIME)
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    member.create_system = 3
    return member


def _list_of(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The list of a package, held against the names of its members."""
    members = {member.filename: member for member in archive.infolist()}
    if LIST not in members or members[LIST].file_size > MOST_LIST_BYTES:
        raise PackageError(f"is no package of twinrun: it has no {LIST}")
    try:
        content = parse_object(archive.read(LIST))
        version, files = content["schema_version"], content["files"]
        names = [content[key] for key in ("name", "experiment")]
        sizes = [int(facts["bytes"]) for facts in files.values()]
        digests = all(len(facts["sha256"]) == 64 for facts in files.values())
    except NOT_READ as error:
        raise PackageError(f"has a {LIST} that cannot be read ({type(error).__name__})") from None
    if version != SCHEMA_VERSION:
        raise PackageError(f"has schema_version {version}, and this version of twinrun reads {SCHEMA_VERSION}")
    if not digests or min(sizes, default=0) < 0 or any(name != safe_name(str(name)) for name in names):
        raise PackageError(f"has a {LIST} that twinrun does not write")
    if len(files) > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise PackageError(f"has {len(files):,} files of {sum(sizes):,} bytes, more than a run has")
    if unsafe := [place for place in (*files, *members) if not _is_safe(place)]:
        raise PackageError(f"has the name {unsafe[0]!r}, which may lead out of its folder")
    if len(archive.infolist()) != len(members) or set(members) != {LIST, *files}:
        odd = sorted(set(members) ^ {LIST, *files})
        raise PackageError(f"has other files than its list: {', '.join(map(repr, odd[:3])) or 'one of them twice'}")
    for place, member in members.items():
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG) or member.is_dir():
            raise PackageError(f"{place} is a link or a folder, which twinrun does not pack")
        if member.file_size > MOST_RATIO * max(1, member.compress_size) + CHUNK:
            raise PackageError(f"{place} states {member.file_size:,} bytes in {member.compress_size:,}")
    return content


def _is_safe(place: str) -> bool:
    """Whether a name stays in its folder, on every system that may unpack it."""
    path = PurePosixPath(place)
    parts_are_names = all(part not in ("", ".", "..") for part in place.split("/"))
    return (
        bool(place) and parts_are_names and not path.is_absolute() and place.isprintable() and not UNSAFE & set(place)
    )


def _extract(archive: zipfile.ZipFile, place: str, facts: dict[str, Any], folder: Path) -> None:
    """Writes one file, and refuses it where it is not what the list states."""
    target = folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(place) as source, target.open("xb") as sink:
        digest, size = _copy(source, sink, int(facts["bytes"]))
    if size != facts["bytes"] or digest != facts["sha256"]:
        raise PackageError(f"{place} is not what was packed: its digest is another")


def _copy(source: IO[bytes], sink: IO[bytes], most: int) -> tuple[str, int]:
    """Copies at most one byte more than `most`, and returns the digest and the number of bytes."""
    sha, size = hashlib.sha256(), 0
    while size <= most and (part := source.read(min(CHUNK, most + 1 - size))):
        sha.update(part)
        sink.write(part)
        size += len(part)
    return sha.hexdigest(), size
