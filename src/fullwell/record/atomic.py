"""Files that appear whole or not at all, and errors of the file system in words."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from fullwell.errors import DiskFull, NotWritable, StorageFault

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextmanager
def whole_file(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """A new file that gets its name only when everything is safely on the disk.

    Parameters
    ----------
    path : Path
        The name it will have.
    overwrite : bool
        Whether a file of that name may be replaced.

    Yields
    ------
    Path
        A temporary name in the same folder, to be written to and closed within the block. Leaving the block with
        an error removes that file; one that `path` named before is untouched.

    Raises
    ------
    NotWritable
        No such folder, no permission, or the file exists and may not be replaced.
    DiskFull
        No space, quota used up, or more than the file system or the process limit allows for one file.
    """
    refuse_existing(path, overwrite)
    part = path.with_name(f".{path.name[:180]}.{secrets.token_hex(4)}.part")
    with in_words(path):
        try:
            yield part
            _sync(part)
            publish(part, path, overwrite)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        with suppress(OSError):  # not every system can; the file itself is safe by now
            _sync(path.parent)


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Say so if a file cannot get its name because it is taken.

    Raises
    ------
    NotWritable
        If the name is a folder's, or a file's that may not be replaced.
    """
    with in_words(path):
        if path.is_dir():
            raise NotWritable(f"{str(path)!r} is a folder.", "Name a file.")
        if path.exists() and not overwrite:
            raise _exists(path)


def check_folder(folder: Path, needed_bytes: int = 0) -> None:
    """Find out before an exposure whether its file could be written.

    Parameters
    ----------
    folder : Path
        Where the file shall be.
    needed_bytes : int
        How long it will be.

    Raises
    ------
    NotWritable, DiskFull
        As `whole_file` would.
    """
    with in_words(folder / "a file"):
        trial = folder / f".{secrets.token_hex(8)}.part"
        try:
            trial.touch(exist_ok=False)
        finally:
            with suppress(OSError):
                trial.unlink(missing_ok=True)
        state = os.statvfs(folder)
    free_bytes = state.f_bavail * state.f_frsize
    if free_bytes < needed_bytes:
        raise DiskFull(
            f"{str(folder)!r} has {free_bytes / 1e6:.1f} MB left, a frame needs {needed_bytes / 1e6:.1f} MB.",
            "Make room or choose another folder.",
        )


def _exists(path: Path) -> NotWritable:
    return NotWritable(f"{str(path)!r} exists already.", "Choose another name, or remove it.")


def publish(part: Path, path: Path, overwrite: bool = False) -> None:
    """Give the finished file its name, in one step that cannot overwrite by accident."""
    if overwrite:
        part.replace(path)
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        refuse_existing(path, overwrite)
        part.replace(path)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn errors of the file system into ours."""
    try:
        yield
    except StorageFault:
        raise
    except OSError as error:
        raise worded(error, path) from error


def worded(error: OSError, path: Path) -> StorageFault:
    """What an error of the file system means for a file."""
    code = _code(error)
    folder = str(path.parent)
    if code in NO_SPACE:
        return DiskFull(
            f"no space for {str(path)!r} ({os.strerror(code)}); nothing was left half written.",
            "Make room or choose another folder.",
        )
    if code in (errno.ENOENT, errno.ENOTDIR):
        return NotWritable(f"there is no folder {folder!r}.", f"Create it: mkdir -p {folder}")
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotWritable(
            f"no permission to write in {folder!r} ({os.strerror(code)}).",
            "Choose another folder, or have its permissions changed.",
        )
    if code == errno.ENAMETOOLONG:
        return NotWritable(f"the name {path.name!r} is too long for the file system.", "Choose a shorter one.")
    return NotWritable(f"{str(path)!r} cannot be written: {error}.", "Choose another folder.")


def _code(error: BaseException) -> int:
    """The system's number of an error, found behind those that libraries wrap it in; 0 if there is none."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.errno is not None:
            return link.errno
        link = link.__cause__ or link.__context__
    return 0
