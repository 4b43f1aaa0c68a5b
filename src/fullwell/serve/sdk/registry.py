"""Which Python function answers which function of the vendor's library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fullwell.serve.sdk.wire import FAILED, SUCCESS, Answer

REFUSED: Final = Answer(FAILED)
DONE: Final = Answer(SUCCESS)

Handler = Callable[..., Answer]
CAMERA_HANDLERS: Final[dict[str, Handler]] = {}
"""Functions of an open camera. Each gets a `VendorCamera` and the call's values by name."""
LIBRARY_HANDLERS: Final[dict[str, Handler]] = {}
"""Functions of the library itself. Each gets the `VendorLibrary` and the call's values by name."""


def answers(*names: str) -> Callable[[Handler], Handler]:
    """Register a function for some functions of an open camera."""
    return _register(CAMERA_HANDLERS, names)


def library_answers(*names: str) -> Callable[[Handler], Handler]:
    """Register a function for some functions of the library itself."""
    return _register(LIBRARY_HANDLERS, names)


def _register(handlers: dict[str, Handler], names: Sequence[str]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            handlers[name] = handler
        return handler

    return register


def area(sides: Sequence[int]) -> Answer:
    """Left, top, width and height as an answer."""
    return Answer(written=dict(zip(("x", "y", "width", "height"), sides, strict=True)))
