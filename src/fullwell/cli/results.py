"""Files that a command shall write: what is wrong with their names is said before the work, not after it."""

from __future__ import annotations

from pathlib import Path

from fullwell.errors import NotWritable


def require_free(path: Path | None, overwrite: bool) -> None:
    """See that a file can be made; None is none.

    Parameters
    ----------
    path : Path or None
    overwrite : bool
        Whether it may be there already.

    Raises
    ------
    NotWritable
        If it exists, or its folder does not.
    """
    if path is None:
        return
    if path.exists() and not overwrite:
        raise NotWritable(f"{str(path)!r} exists already.", "Choose another name, or --overwrite.")
    if not path.parent.is_dir():
        raise NotWritable(f"there is no folder {str(path.parent)!r}.", "Make it, or choose another.")
