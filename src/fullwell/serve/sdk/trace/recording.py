"""Runs a program with the tracer before its library."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from fullwell.serve.sdk.build import compile_library
from fullwell.serve.sdk.programs import check_program, run_program
from fullwell.serve.sdk.trace.calls import finish
from fullwell.serve.sdk.trace.generate import tracer

TRACER: Final = "libfullwell_trace.so"
FLAGS: Final = ("-ftls-model=initial-exec", "-Wl,--no-as-needed", "-ldl")
"""It is there when a program starts, so its words of each thread can be where they are found at once.
Before glibc 2.34 what opens libraries is a library of its own."""


def build_tracer(folder: Path, extra_flags: tuple[str, ...] = ()) -> Path:
    """Compile the tracer.

    Parameters
    ----------
    folder : Path
        Gets it.
    extra_flags : tuple of str
        More for the compiler (sanitizers).

    Raises
    ------
    NotSupported
        If there is no compiler, or it fails.
    """
    target = folder / TRACER
    compile_library(target, files(__package__) / "source", tracer(), (*FLAGS, *extra_flags))
    return target


def load_tracer(path: Path) -> ctypes.CDLL:
    """The tracer as what takes the hash of frames."""
    tracer = ctypes.CDLL(str(path))
    tracer.fullwell_frame_hash.argtypes = (ctypes.c_void_p, ctypes.c_uint64)
    tracer.fullwell_frame_hash.restype = ctypes.c_uint64
    return tracer


def record(
    program: Sequence[str],
    path: Path,
    tracer: Path,
    environment: dict[str, str],
    library: Path | None,
    own: bool = False,
    pixels: bool = True,
) -> int:
    """Run a program and record its calls.

    Parameters
    ----------
    program : sequence of str
        Its command line.
    path : Path
        Trace file, made by `fullwell.serve.sdk.trace.calls.create`.
    tracer : Path
        Made by `build_tracer`.
    environment : dict of str
        Of the program.
    library : Path or None
        That the calls are passed on to.
    own : bool
        Whether the library that the program itself has loaded goes before `library`.
    pixels : bool
        Whether frames get a hash.

    Returns
    -------
    int
        Exit status of the program, -N if signal N ended it.

    Raises
    ------
    MissingFile
        If there is no such program.
    InvalidValue
        If the system cannot run it.
    """
    check_program(program)
    before = ":".join(filter(None, (environment.get("LD_PRELOAD"), str(tracer))))
    settings = {**environment, "LD_PRELOAD": before, "FULLWELL_TRACE_FILE": str(path.resolve())}
    settings |= {"FULLWELL_TRACE_LIBRARY": str(library)} if library else {}
    settings |= {"FULLWELL_TRACE_OWN": "1"} if own else {}
    settings |= {} if pixels else {"FULLWELL_TRACE_NO_PIXELS": "1"}
    status = run_program(program, settings)
    finish(path, status if status >= 0 else 128 - status)
    return status
