"""What the vendor's library remembers of a camera as long as a program lives, through closing and releasing.

Measured on version 26.6.4: only `InitQHYCCD` puts something back, and little.
"""

from __future__ import annotations

import logging
import math
from typing import Final

from fullwell.models.sdk import SdkFacts

log = logging.getLogger(__name__)

SINGLE, LIVE = 0, 1
TRANSFER_BIT: Final = 10
BINNINGS: Final = {1: 21, 2: 22, 3: 23, 4: 24, 6: 75, 8: 76}
"""The control that says whether a camera has a binning."""
DEFAULT_TIMEOUT_MS: Final = 60_000


class Memory:
    """What is remembered of one camera by one program.

    Parameters
    ----------
    facts : SdkFacts

    Attributes
    ----------
    stream, bin, bits, timeout_ms : int
    mode, next_mode : int
        Read mode in force, and that of the next `initialise`.
    roi : tuple of int
        Left, top, width, height, binned px.
    roi_is_raw : bool
        Whether the window counts from the corner of the raw frame in live mode too.
    initialised : bool
    values : dict of int to float
        Controls.
    """

    def __init__(self, facts: SdkFacts) -> None:
        self.facts = facts
        self.stream, self.bin = SINGLE, 1
        self.mode = self.next_mode = 0
        self.bits = 8 if facts.any_bits else 16
        self.initialised = False
        self.roi = (0, 0, *self.chip) if facts.first_window == "chip" else (0, 0, 0, 0)
        self.roi_is_raw = False
        self.values = {each.id: each.value for each in facts.controls.values() if each.value is not None}
        self.timeout_ms = DEFAULT_TIMEOUT_MS
        self._bin_was_set = False
        self._area_bin, self._area_shift = 1, 0

    def initialise(self) -> None:
        """`InitQHYCCD`: depth goes back, on some cameras exposure, speed and window too; the rest is kept."""
        live = self.stream == LIVE
        self.mode, self._bin_was_set = self.next_mode, False
        self.bits = self.facts.start_bits[self.stream]
        for control in self.facts.controls.values():
            fresh = control.live_init if live else control.single_init
            if fresh is not None:
                self.values[control.id] = fresh
        self.initialised = True
        if self.facts.init_resets_bin:
            self.bin = 1
        if self.facts.init_sets_window:
            shift = self.facts.live_shift if live else (0, 0)
            self.roi, self.roi_is_raw = (*shift, *self.chip), live
            self._area_bin, self._area_shift = self.bin, 0

    @property
    def chip(self) -> tuple[int, int]:
        """Columns and rows of the raw frame."""
        if self.stream == LIVE and self.initialised and self.facts.chip_live:
            width, height = self.facts.chip_live
            return width, height
        return self.facts.read_modes[self.mode].size

    def set_bin(self, horizontal: int, vertical: int) -> None:
        """Remember a binning; what the camera cannot do changes nothing."""
        self._bin_was_set = True
        if horizontal == vertical and BINNINGS.get(horizontal) in self.facts.controls:
            self.bin = horizontal
        else:
            self.bin = self.facts.unknown_bin or self.bin
            log.warning("no binning of %d x %d: %d is used.", horizontal, vertical, self.bin)

    def set_bits(self, bits: int) -> bool:
        """Remember a depth; False = refused."""
        if bits not in self.facts.bits:
            if not self.facts.any_bits:
                return False
            bits = 8
        self.bits = bits
        self.values[TRANSFER_BIT] = float(bits)
        return True

    def set_roi(self, left: int, top: int, width: int, height: int) -> bool:
        """Remember a window, binned px; False = it does not fit on the chip."""
        columns, rows = self.chip
        if left + width > columns or top + height > rows:
            return False
        self.roi, self.roi_is_raw = (left, top, width, height), False
        self._area_bin, self._area_shift = self.bin, 0 if self.stream == LIVE else left
        return True

    def set_value(self, control: int, value: float) -> None:
        """Remember a control as the library does."""
        known = self.facts.controls[control]
        remembers = known.live_remembers if self.stream == LIVE else known.remembers
        if remembers != "never":
            self.values[control] = _remembered(remembers, value)

    @property
    def effective(self) -> tuple[int, ...]:
        """Left, top, width, height of the effective area, as it is told at present."""
        left, top, width, height = self._area(self.facts.effective)
        if self.facts.areas_follow_bin:
            return left, top, width, height
        factor = self._area_bin  # of the last window, whose left edge the vendor's library adds
        return -(-(left + self._area_shift) // factor), -(-top // factor), width // factor, height // factor

    @property
    def overscan(self) -> tuple[int, ...]:
        """The same of the overscan area."""
        left, top, width, height = self._area(self.facts.overscan)
        if self.facts.areas_follow_bin and self._bin_was_set:
            height //= self.bin  # the vendor's library divides it twice
        return left, top, width, height

    def _area(self, areas: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        now = "live" if self.stream == LIVE else "single"
        state = now if self.initialised and not (self._bin_was_set and self.facts.areas_follow_bin) else "set"
        own = self.facts.read_modes[self.mode]
        of_mode = own.effective if areas is self.facts.effective else own.overscan
        whole = of_mode or areas[state] or (0, 0, *self.chip)
        divided = self.facts.areas_follow_bin and (self._bin_was_set or bool(of_mode))
        return tuple(side // self.bin for side in whole) if divided else whole


def _remembered(kind: str, value: float) -> float:
    if kind == "if one":
        return float(value == 1)
    if kind == "unsigned":
        return float(int(value) & 0xFFFFFFFF) if math.isfinite(value) else 0.0
    return float(value != 0) if kind == "if not zero" else value
