"""Runs checks on a camera, one after another, and leaves it as it was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from fullwell.camera.engine import Camera
from fullwell.contract import (
    access,
    clockwork,
    formats,
    frames,
    levels,
    obedience,
    singles,
    streams,
    surroundings,
)
from fullwell.contract.checks import Check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import Broken, Result, Unfit, Verdict
from fullwell.errors import FullwellError, UnknownName

CHECKS: Final[tuple[Check, ...]] = (
    *access.CHECKS,
    *obedience.CHECKS,
    *formats.CHECKS,
    *frames.CHECKS,
    *levels.CHECKS,
    *singles.CHECKS,
    *streams.CHECKS,
    *clockwork.CHECKS,
    *surroundings.CHECKS,
)
"""All checks, in the order in which they run."""


PUT_BACK: Final = Check(
    "left-as-found",
    "Who uses the camera next must find it as it was.",
    "Open the camera and look at settings, cooler and filter wheel.",
    quick=True,
    examine=Stand.leave,
)
"""Runs after all others."""


def chosen(quick: bool, only: Collection[str] = ()) -> list[Check]:
    """The checks of a run.

    Parameters
    ----------
    quick : bool
        Leave out those that take long.
    only : collection of str
        Names; nothing else runs. Empty = all.

    Raises
    ------
    UnknownName
        If there is no check of that name.
    """
    names = [each.name for each in CHECKS]
    for name in only:
        if name not in names:
            raise UnknownName("check", name, names)
    if only:
        return [each for each in CHECKS if each.name in only]
    return [each for each in CHECKS if each.quick or not quick]


def run_checks(
    camera: Camera,
    *,
    quick: bool = False,
    only: Collection[str] = (),
    tell: Callable[[Check, Result | None], None] | None = None,
) -> list[Result]:
    """Check a camera. It is left as it was found: settings, cooler, filter wheel, triggers; also by Ctrl-C.

    Parameters
    ----------
    camera : Camera
        Open and idle.
    quick : bool
        Leave out what takes long.
    only : collection of str
        Names of checks; empty = all.
    tell : callable, optional
        Called before each check with None, and after it with its result.

    Returns
    -------
    list of Result
        One for each check that was to run; and one more, failed, if the camera cannot be put back as it was.

    Raises
    ------
    UnknownName
        If there is no check of that name.
    """
    checks = chosen(quick, only)
    stand = Stand(camera, quick)
    results: list[Result] = []
    try:
        for each in checks:
            if tell is not None:
                tell(each, None)
            results.append(_examine(each, stand))
            if tell is not None:
                tell(each, results[-1])
    finally:
        put_back = _verdict(PUT_BACK, stand)
    return results if put_back.verdict is Verdict.PASSED else [*results, put_back]


def _examine(check: Check, stand: Stand) -> Result:
    begin_s = time.monotonic()
    return replace(_verdict(check, stand), duration_s=round(time.monotonic() - begin_s, 3))


def _verdict(check: Check, stand: Stand) -> Result:
    name, why = check.name, check.why
    try:
        stand.ready()
        return Result(name, why, Verdict.PASSED, check.examine(stand))
    except Unfit as reason:
        return Result(name, why, Verdict.NOT_APPLICABLE, str(reason))
    except Broken as broken:
        return Result(name, why, Verdict.FAILED, str(broken), broken.expected, broken.got, check.remedy)
    except FullwellError as error:
        remedy = " ".join(dict.fromkeys(filter(None, (error.remedy, check.remedy))))
        detail = f"expected no error; got: {error.message}"
        return Result(name, why, Verdict.FAILED, detail, "no error", error.message, remedy)
