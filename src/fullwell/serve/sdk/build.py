"""Builds the drop-in library with whatever C compiler there is."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from fullwell.errors import NotSupported, NotWritable
from fullwell.serve.sdk.generate import calls
from fullwell.serve.sdk.header import headers

SONAME: Final = "libqhyccd.so.20"
LINKS: Final = ("libqhyccd.so", "libqhyccd.so.6")
FLAGS: Final = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra")


def compiler() -> list[str]:
    """The command of a C compiler.

    Raises
    ------
    NotSupported
        If there is none.
    """
    if given := os.environ.get("CC"):
        return shlex.split(given)
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise NotSupported(
        "there is no C compiler here.", "Install gcc or clang, or: pip install ziglang; or set CC to a compiler."
    )


def build(folder: Path, command: str, extra_flags: tuple[str, ...] = ()) -> Path:
    """Build the library, its usual links and its headers.

    Parameters
    ----------
    folder : Path
        Gets ``lib/`` and ``include/``.
    command : str
        How the library starts an engine: path of the ``fullwell`` command.
    extra_flags : tuple of str
        More for the compiler (sanitizers).

    Returns
    -------
    Path
        Of the library.

    Raises
    ------
    NotSupported
        If there is no compiler, or it fails.
    NotWritable
        If the folder cannot be made or written.
    """
    libraries, include = folder / "lib", folder / "include"
    try:
        libraries.mkdir(parents=True, exist_ok=True)
        include.mkdir(parents=True, exist_ok=True)
        for name, text in headers().items():
            (include / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotWritable(f"{folder} cannot be written: {error.strerror}.", "Choose another folder.") from error
    target = libraries / SONAME
    flags = (*extra_flags, f'-DENGINE_COMMAND="{command}"', f"-Wl,-soname,{SONAME}")
    compile_library(target, files(__package__) / "source", calls(), flags)
    for link in LINKS:
        (libraries / link).unlink(missing_ok=True)
        (libraries / link).symlink_to(SONAME)
    return target


def compile_library(target: Path, sources: Traversable, generated: str, flags: tuple[str, ...] = ()) -> None:
    """Compile a folder of C files and one more that is made up to a shared library.

    Parameters
    ----------
    target : Path
    sources : Traversable
        Folder of the C files and headers.
    generated : str
        Text of one more C file.
    flags : tuple of str
        More for the compiler.

    Raises
    ------
    NotSupported
        If there is no compiler, or it fails.
    """
    with as_file(sources) as source, tempfile.TemporaryDirectory() as scratch:
        more = Path(scratch) / "generated.c"
        more.write_text(generated, encoding="utf-8")
        written = [str(each) for each in sorted(source.glob("*.c"))]
        words = [*compiler(), *FLAGS, *flags, f"-I{source}", str(more), *written, "-o", str(target)]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode:
        raise NotSupported(f"the compiler failed:\n{result.stderr.strip()}", "Set CC to another compiler.")
