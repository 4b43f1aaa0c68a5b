"""Which Alpaca error number stands for which error of the project: one table."""

from __future__ import annotations

from typing import Final

from fullwell import errors


class ActionNotImplemented(errors.NotSupported):
    """A device has no action of that name."""


NUMBERS: Final[dict[type[errors.FullwellError], int]] = {
    errors.NotSupported: 0x400,
    errors.InvalidValue: 0x401,
    errors.OutOfRange: 0x401,
    errors.UnknownName: 0x401,
    errors.InvalidWindow: 0x401,
    errors.InvalidFacts: 0x401,
    errors.NotConnected: 0x407,
    errors.InvalidOperation: 0x40B,
    errors.Busy: 0x40B,
    errors.NoImage: 0x40B,
    ActionNotImplemented: 0x40C,
    errors.ExposureAborted: 0x40E,
    errors.FullwellError: 0x500,
    errors.DeviceFault: 0x501,
    errors.DeviceLost: 0x502,
    errors.FrameTimeout: 0x503,
    errors.TriggerTimeout: 0x504,
    errors.TemperatureNotReached: 0x505,
    errors.StorageFault: 0x510,
    errors.MissingFile: 0x511,
    errors.NotWritable: 0x512,
    errors.DiskFull: 0x513,
    errors.DoubtfulTime: 0x514,
}
"""Numbers up to 0x4FF are ASCOM's own; from 0x500 on they belong to the driver.

References
----------
ASCOM Alpaca API reference, section "Error numbers and values":
https://ascom-standards.org/api/
"""


def error_number(error: errors.FullwellError) -> int:
    """The Alpaca number of an error; that of its nearest listed ancestor if the class itself is not listed.

    Examples
    --------
    >>> hex(error_number(errors.OutOfRange("gain", 201, 0, 200)))
    '0x401'
    """
    return next(NUMBERS[kind] for kind in type(error).__mro__ if kind in NUMBERS)
