"""A cable that can be watched and broken: wraps any device, notes what it is asked, fails when told to."""

from __future__ import annotations

import threading
from typing import Any, Final

from fullwell.camera.controls import Control
from fullwell.errors import DeviceLost, FullwellError, NotSupported

EXCLUSIVE: Final = frozenset(
    {"open", "initialise", "configure", "start_exposure", "read_frame", "start_live", "read_live"}
)
"""What must not be called while another thread waits in the device."""

WAITING: Final = frozenset({"read_frame", "read_live"})
LETTING_GO: Final = frozenset({"close", "cancel_exposure", "stop_live"})
"""What works without a far end."""


class Cable:
    """Stands in for the device that it leads to.

    Attributes
    ----------
    calls : list of str
        What the device was asked, in order; controls as "set gain", "get gain".
    unplugged : bool
        Every call fails with `DeviceLost`.
    lacks : set of Control
        What the device is to be without.
    disobeys : dict of Control to float
        What it sets instead of what it is told.
    """

    def __init__(self, device: Any, lacks: set[Control] | None = None) -> None:
        self.inner = device
        self.calls: list[str] = []
        self.unplugged = False
        self.lacks = {Control.ANTI_GLOW} if lacks is None else lacks
        self.disobeys: dict[Control, float] = {}
        self._fails: dict[str, FullwellError] = {}
        self._inside = threading.Lock()

    def fail_next(self, call: str, error: FullwellError) -> None:
        """Let the next such call fail; "frame arrives" stands for the end of `read_frame` and `read_live`."""
        self._fails[call] = error

    def set_control(self, control: Control, value: float) -> None:
        self._note(f"set {control}")
        self._require(control)
        self.inner.set_control(control, self.disobeys.get(control, value))

    def get_control(self, control: Control) -> float:
        self._note(f"get {control}")
        self._require(control)
        return self.inner.get_control(control)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        return found if not callable(found) else self._watched(name, found)

    def _watched(self, name: str, call: Any) -> Any:
        def watched(*arguments: Any) -> Any:
            if name in EXCLUSIVE:
                assert not self._inside.locked(), f"{name} while another thread waits in the device"
            self._note(name)
            if name not in WAITING:
                return call(*arguments)
            with self._inside:
                answer = call(*arguments)
            self._note("frame arrives")
            return answer

        return watched

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self.unplugged and call not in LETTING_GO:
            raise DeviceLost("the cable is out.", "Plug it in.")
        if call in self._fails:
            raise self._fails.pop(call)

    def _require(self, control: Control) -> None:
        if control in self.lacks:
            raise NotSupported(f"no {control}")
