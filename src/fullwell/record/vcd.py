"""Waveforms as value change dump, the format of logic analysers and their viewers (GTKWave, PulseView).

References
----------
IEEE Std 1364-2001, section 18: four-state value change dump.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from fullwell.readout.waveforms import Trace
from fullwell.record.atomic import whole_file
from fullwell.record.instants import iso

__all__ = ["write_vcd"]

FIRST_CODE: Final = ord("!")


def write_vcd(trace: Trace, path: Path, *, title: str = "", overwrite: bool = False) -> Path:
    """Write the waveforms of a trace.

    Time 0 of the file is the begin of the trace; its UTC stands in a comment. One variable per pin, named after
    pin and signal ("GPIO1_shutter_measure").

    Parameters
    ----------
    trace : Trace
    path : Path
    title : str
        For people: which camera, which mode.
    overwrite : bool
        Whether a file of that name may be replaced.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    NotWritable, DiskFull
        If it cannot be; nothing is left behind.
    """
    with whole_file(path, overwrite) as part, part.open("x", encoding="ascii", errors="replace") as file:
        _write(trace, file, title)
    return path


def _write(trace: Trace, file: TextIO, title: str) -> None:
    file.write(f"$comment {_one_line(title)} $end\n" if title else "")
    file.write(f"$comment time 0 is {trace.begin_ns} ns since 1970-01-01 UTC, {iso(trace.begin_ns)} $end\n")
    file.write("$version fullwell $end\n$timescale 1 ns $end\n$scope module pins $end\n")
    for code, wave in zip(_codes(), trace.waveforms, strict=False):
        file.write(f"$var wire 1 {code} {_identifier(f'{wave.pin} {wave.signal}')} $end\n")
    file.write("$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n")
    for code, wave in zip(_codes(), trace.waveforms, strict=False):
        file.write(f"{wave.starts_high:d}{code}\n")
    file.write("$end\n")
    for instant_ns, changes in groupby(_changes(trace), key=lambda change: change[0]):
        file.write(f"#{instant_ns}\n" if instant_ns else "")
        file.writelines(f"{level:d}{code}\n" for _, level, code in changes)
    file.write(f"#{trace.end_ns - trace.begin_ns}\n")


def _changes(trace: Trace) -> Iterator[tuple[int, int, str]]:
    """Time after the begin, new level and code of every edge, in order of time."""
    counts = [len(wave.edges_ns) for wave in trace.waveforms]
    if not sum(counts):
        return
    instants = np.concatenate([wave.edges_ns - trace.begin_ns for wave in trace.waveforms])
    levels = np.concatenate(
        [
            (np.arange(count) + (not wave.starts_high)) % 2
            for wave, count in zip(trace.waveforms, counts, strict=True)
        ]
    )
    owners = np.repeat(np.arange(len(counts)), counts)
    order = np.argsort(instants, kind="stable")
    codes = [code for code, _ in zip(_codes(), counts, strict=False)]
    for instant, level, owner in zip(
        instants[order].tolist(), levels[order].tolist(), owners[order].tolist(), strict=True
    ):
        yield instant, level, codes[owner]


def _codes() -> Iterator[str]:
    """The short names of the variables."""
    return (chr(code) for code in range(FIRST_CODE, ord("~") + 1))


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def _one_line(text: str) -> str:
    """Text that cannot end its comment."""
    return " ".join(text.replace("$end", "end").split())
