"""The one tree of errors: what can go wrong, with its data and a sentence that says what to do.

::

    FullwellError
    ├── InvalidValue            the caller asked for something impossible
    │   ├── OutOfRange          a number outside what the camera allows
    │   ├── UnknownName         no such camera, mode, scene, filter ...
    │   ├── InvalidWindow       a region that does not fit on the sensor
    │   └── InvalidFacts        a facts file with a missing, unknown or impossible entry
    ├── InvalidOperation        possible, but not now
    │   ├── NotConnected        the camera has not been opened, or was closed
    │   ├── Busy                the camera is exposing, reading or live
    │   └── NoImage             nothing has been taken yet
    ├── NotSupported            this camera cannot do it at all
    ├── ExposureAborted         the exposure was abandoned while someone waited for it
    ├── TriggerTimeout          the trigger that an exposure waits for did not come in time
    ├── TemperatureNotReached   the cooler cannot bring the sensor to its target
    ├── DeviceFault             the far end of the cable misbehaves
    │   ├── DeviceLost          it is gone
    │   └── FrameTimeout        a frame did not arrive in time
    └── StorageFault            files
        ├── MissingFile         a file to read is not there, or is not readable
        ├── DoubtfulTime        a file's time stamps are missing, or must not be believed
        ├── NotWritable         no permission, no such folder, or the file exists already
        └── DiskFull            no space; what was written before is kept

Order of checks everywhere: impossible first (`InvalidValue`, `NotSupported`), refused second
(`InvalidOperation`), hardware last. Each door maps this tree to its own codes in one table.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class FullwellError(Exception):
    """Root of all errors that the project raises on purpose.

    Parameters
    ----------
    message : str
        One sentence: what was given, what is allowed.
    remedy : str, optional
        What to do about it, as an order ("Choose a gain from 0 to 200.").
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}".strip())


class InvalidValue(FullwellError):
    """The caller asked for something that this camera can never do."""


class OutOfRange(InvalidValue):
    """A number lies outside what is allowed.

    Parameters
    ----------
    name : str
        What the number is, as the caller knows it ("gain").
    value : float
        What was given.
    low, high : float
        The inclusive limits.
    unit : str, optional
        Unit of all three.

    Examples
    --------
    >>> raise OutOfRange("exposure", 7200, 40e-6, 3600, "s")
    Traceback (most recent call last):
    ...
    fullwell.errors.OutOfRange: exposure of 7200 s is outside 4e-05 to 3600 s. Choose a value in that range.
    """

    def __init__(self, name: str, value: float, low: float, high: float, unit: str = "") -> None:
        self.name, self.value, self.low, self.high, self.unit = name, value, low, high, unit
        tail = f" {unit}" if unit else ""
        super().__init__(
            f"{name} of {value:g}{tail} is outside {low:g} to {high:g}{tail}.",
            "Choose a value in that range.",
        )


class UnknownName(InvalidValue):
    """A name that is not in the list of known ones.

    Parameters
    ----------
    kind : str
        What is named ("camera", "mode").
    name : object
        What was given.
    known : iterable of str
        All names that would have been accepted.

    Examples
    --------
    >>> raise UnknownName("camera", "qhy60-pro", ["qhy600-pro", "qhy42-pro"])
    Traceback (most recent call last):
    ...
    fullwell.errors.UnknownName: there is no camera 'qhy60-pro'. Did you mean 'qhy600-pro'? Known: ...
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        close = get_close_matches(str(name), self.known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        super().__init__(f"there is no {kind} {name!r}.", f"{hint}Known: {', '.join(self.known)}.")


class InvalidWindow(InvalidValue):
    """A region of interest that does not fit on the sensor."""


class InvalidFacts(InvalidValue):
    """A facts file of a camera model has a missing, unknown or impossible entry."""


class InvalidOperation(FullwellError):
    """Possible in principle, refused in the present state."""


class NotConnected(InvalidOperation):
    """The camera has not been opened, or has been closed."""


class Busy(InvalidOperation):
    """The camera is doing something that must end first."""


class NoImage(InvalidOperation):
    """There is no frame to give yet."""


class NotSupported(FullwellError):
    """Beyond this camera, whatever its state."""


class ExposureAborted(FullwellError):
    """The exposure was abandoned while somebody waited for its frame."""


class TriggerTimeout(FullwellError):
    """The trigger that an exposure waits for did not come in the time that the caller allowed."""


class TemperatureNotReached(FullwellError):
    """The cooler cannot bring the sensor to its target."""


class DeviceFault(FullwellError):
    """The far end of the cable misbehaves."""


class DeviceLost(DeviceFault):
    """The camera does not answer any more."""


class FrameTimeout(DeviceFault):
    """A frame did not arrive in the time that exposure and readout take."""


class StorageFault(FullwellError):
    """Something about files."""


class MissingFile(StorageFault):
    """A file that should be read is not there, or cannot be read."""


class DoubtfulTime(StorageFault):
    """The time stamps of a file are missing, or must not be believed.

    Parameters
    ----------
    message, remedy
        See `FullwellError`.
    reasons : tuple of str
        One for each doubt.
    """

    def __init__(self, message: str, remedy: str = "", reasons: tuple[str, ...] = ()) -> None:
        self.reasons = reasons
        super().__init__(message, remedy)


class NotWritable(StorageFault):
    """A file cannot be written: no permission, no such folder, or it exists already."""


class DiskFull(StorageFault):
    """The disk is full. What was completed before is kept."""
