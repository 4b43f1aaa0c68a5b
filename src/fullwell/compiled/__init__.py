"""How kernels become machine code, and when the code kept from an earlier run is still that of their sources.

numba keeps compiled code beside each module and looks at the date of that one file. Kernels here take each
other in across files (a deviate of `fullwell.chance` becomes part of a loop in `fullwell.twin`), so a change of
one file would leave stale code in another. `njit` is numba's, with one difference: what is kept is valid for the
sources of all kernels together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

import fullwell

__all__ = ["njit"]

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(**options: Any) -> Callable[[Function], Function]:
    """Compile a function on first use: `numba.njit` with the same options.

    Parameters
    ----------
    **options
        Those of `numba.njit`. With ``cache=True`` the machine code is kept between runs, as long as no source
        file that holds a kernel changes.

    Examples
    --------
    >>> @njit(nogil=True)
    ... def twice(x):
    ...     return 2 * x
    >>> twice(21)
    42
    """

    def compiled(function: Function) -> Function:
        dispatcher = numba.njit(**options)(function)
        if options.get("cache"):
            kept = dispatcher._cache._cache_file
            kept._source_stamp = (kept._source_stamp, sources_digest())
        return cast("Function", dispatcher)

    return compiled


@cache
def sources_digest() -> str:
    """Digest of all files of the package that hold kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(fullwell.__file__).parent.rglob("*.py")):
        text = path.read_bytes()
        if b"numba" in text or b"njit" in text:
            digest.update(text)
    return digest.hexdigest()
