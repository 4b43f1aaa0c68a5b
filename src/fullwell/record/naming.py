"""Names of the files of a run: unique, sortable, telling what is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fullwell.camera.frame import Frame
from fullwell.errors import NotWritable
from fullwell.record.atomic import refuse_existing
from fullwell.record.instants import iso

SUFFIXES: Final = (".fits.fz", ".fits", ".fit", ".fts", ".fz")


class FileNames:
    """Names one file after another.

    Parameters
    ----------
    out : Path
        A folder that exists, where names are made up from the frames; or a file name, which gets a number
        before its ending if several frames are to come.
    what : str
        What is in the frames, for made-up names ("sky"); the frame's object takes precedence.
    several : bool
        Whether more than one frame will be named.
    compressed : bool
        Made-up names end in ``.fits.fz`` instead of ``.fits``.

    Attributes
    ----------
    made_up : bool
        Whether `out` is a folder.

    Raises
    ------
    NotWritable
        If neither the folder nor the file's folder exists.
    """

    def __init__(self, out: Path, what: str = "frame", several: bool = False, compressed: bool = False) -> None:
        self.made_up = out.is_dir()
        if not self.made_up and not out.name.lower().endswith(SUFFIXES):
            raise NotWritable(
                f"there is no folder {str(out)!r}, and a picture's name ends in {' or '.join(SUFFIXES[:2])}.",
                f"Create the folder (mkdir -p {out}) or name a file.",
            )
        if not self.made_up and not out.parent.is_dir():
            raise NotWritable(f"there is no folder {str(out.parent)!r}.", f"Create it: mkdir -p {out.parent}")
        self._out, self._what, self._several, self._compressed = out, what, several, compressed
        self._count = 0

    @property
    def folder(self) -> Path:
        """Where the files will be."""
        return self._out if self.made_up else self._out.parent

    @property
    def stem(self) -> str:
        """The name given, without its ending."""
        ending = next((s for s in SUFFIXES if self._out.name.lower().endswith(s)), "")
        return self._out.name[: len(self._out.name) - len(ending)]

    def refuse_taken(self, number: int, overwrite: bool) -> None:
        """Say before the run if one of its names is taken.

        Parameters
        ----------
        number : int
            How many frames will come.
        overwrite : bool
            Whether files may be replaced.

        Raises
        ------
        NotWritable
            If a file could not get its name.
        """
        if not self.made_up:
            for count in range(1, number + 1):
                refuse_existing(self._numbered(count), overwrite)

    def next(self, frame: Frame) -> Path:
        """The name for a frame; a made-up name is one that does not exist yet.

        Parameters
        ----------
        frame : Frame
            The next frame of the run.

        Returns
        -------
        Path
        """
        self._count += 1
        if not self.made_up:
            return self._numbered(self._count)
        while (path := self._out / self._make_up(frame)).exists():
            self._count += 1
        return path

    def _numbered(self, number: int) -> Path:
        if not self._several:
            return self._out
        ending = next(s for s in SUFFIXES if self._out.name.lower().endswith(s))
        stem, ending = self._out.name[: -len(ending)], self._out.name[-len(ending) :]
        return self._out.with_name(f"{stem}_{number:04d}{ending}")

    def _make_up(self, frame: Frame) -> str:
        return made_up(frame, self._what, f"_{self._count:04d}{'.fits.fz' if self._compressed else '.fits'}")


def made_up(frame: Frame, what: str, ending: str) -> str:
    """A file name that tells what is in a frame: object, filter, exposure, start.

    Parameters
    ----------
    frame : Frame
    what : str
        What is in it ("sky"); the frame's object takes precedence.
    ending : str
        What follows.
    """
    seen = frame.report.observation
    parts = (
        seen.object_name or what,
        seen.filter_name or "none",
        f"{frame.report.timing.exposure_ns * 1e-9:.6g}s",
        re.sub(r"[-:]", "", iso(frame.start_ns, 3))[:-4],
    )
    return "_".join(re.sub(r"[^\w.+-]+", "-", part).strip("-.") or "frame" for part in parts) + ending


def single_path(out: Path, frame: Frame, what: str, ending: str) -> Path:
    """The path of a file for a whole recording.

    Parameters
    ----------
    out : Path
        A folder, where a name is made up that does not exist yet; or the file.
    frame : Frame
        The first of it.
    what : str
        What is in the frames.
    ending : str
        Of the file.
    """
    if not out.is_dir():
        return out
    path, count = out / made_up(frame, what, ending), 1
    while path.exists():
        count += 1
        path = out / made_up(frame, what, f"_{count}{ending}")
    return path
