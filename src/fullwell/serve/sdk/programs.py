"""Runs a program in the foreground, and says what is wrong with one that cannot be run."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence

from fullwell.errors import InvalidValue, MissingFile


def check_program(program: Sequence[str]) -> None:
    """See that a program is there, before anything is made ready for it.

    Parameters
    ----------
    program : sequence of str
        Its command line.

    Raises
    ------
    MissingFile
        If it is not, or may not be run.
    """
    if shutil.which(program[0]) is None:
        raise MissingFile(
            f"there is no program {program[0]!r} that can be run.", "Give its path, and its arguments, after --."
        )


def run_program(program: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end. Ctrl-C is the program's to answer; when we are told to end, so is it.

    Parameters
    ----------
    program : sequence of str
        Its command line.
    environment : mapping of str to str
        All that it has.

    Returns
    -------
    int
        Its exit status, -N if signal N ended it.

    Raises
    ------
    InvalidValue
        If the system cannot run such a file.
    """
    try:
        process = subprocess.Popen(program, env=environment)
    except OSError as error:
        raise InvalidValue(
            f"the program {program[0]!r} cannot be run: {error.strerror}.",
            "Give one that is built for this machine; a script names its interpreter in its first line (#!).",
        ) from error
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
