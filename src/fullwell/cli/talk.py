"""What is said to people: on standard error, so that standard output stays clean for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fullwell.camera.engine import Camera

PATIENCE_S: Final = 3.0
"""After so long a person wants to know what the program is doing."""


def say(text: str) -> None:
    """One line of talk."""
    print(text, file=sys.stderr, flush=True)


def complain(message: str, remedy: str = "") -> None:
    """What went wrong, and what to do about it."""
    say(f"fullwell: {message}")
    if remedy:
        say(f"  {remedy}")


def introduced(camera: Camera) -> str:
    """Who a camera is, with its serial number and its versions."""
    identity = camera.identity
    told = [f"{identity.backend} {identity.id}"]
    if identity.firmware:
        told.append(f"firmware {identity.firmware}")
    if identity.fpga:
        told.append(f"FPGA {identity.fpga}")
    return f"{camera.model.name} ({', '.join(told)})"


@contextmanager
def saying_if_long(text: str, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Say what takes so long, if what is done inside does."""
    timer = Timer(patience_s, say, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def opening() -> AbstractContextManager[None]:
    """Round the opening of a camera."""
    return saying_if_long("starting; the very first start compiles the physics, half a minute ...")
