"""Firmware and FPGA of a camera: what runs, and how other versions come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from fullwell.camera.device import Device
from fullwell.errors import MissingFile, NotSupported

__all__ = ["Firmware", "Upgradable", "Version", "upgradable"]

Progress = Callable[[int, int], None]
"""Told steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class Version:
    """One part of the camera's own program.

    Attributes
    ----------
    part : str
        "firmware" or "fpga".
    running : str
        Version that runs; "" if it is not known.
    spare : str
        Version that a roll-back would bring; "" if there is none.
    """

    part: str
    running: str
    spare: str = ""


@runtime_checkable
class Upgradable(Protocol):
    """A device whose firmware and FPGA can be changed. Only twins do; both calls end with a boot."""

    def versions(self) -> tuple[Version, ...]:
        """What runs, and what lies beside it."""
        ...

    def update(self, content: bytes, progress: Progress | None = None) -> str:
        """Load the content of an image file; gives the part. The device boots afterwards.

        Raises
        ------
        InvalidValue
            If the image is damaged, or for another camera.
        DeviceLost, DeviceFault
            If the camera is lost meanwhile, or verification fails; the old version stays.
        """
        ...

    def roll_back(self, part: str) -> None:
        """Go back to the version beside the one that runs. The device boots afterwards.

        Raises
        ------
        UnknownName, InvalidOperation
            If there is no such part, or nothing beside it.
        """
        ...


def upgradable(device: object) -> Upgradable:
    """The device, if its firmware can be changed.

    Raises
    ------
    NotSupported
        If it cannot.
    """
    if not isinstance(device, Upgradable):
        raise NotSupported(
            "the firmware of a real camera is loaded by the vendor's own tool: its format is not published, and "
            "a wrong image can make the camera useless.",
            "Use the vendor's upgrade tool; fullwell shows the versions.",
        )
    return device


class Firmware:
    """Versions of a camera, and their change. Comes from `Camera.firmware`.

    Parameters
    ----------
    device : Device
    change : callable
        Does something to the device while the camera does nothing else, and opens it again afterwards.
    """

    def __init__(self, device: Device, change: Callable[[Callable[[], object]], None]) -> None:
        self._device, self._change = device, change

    @property
    def versions(self) -> tuple[Version, ...]:
        """What runs, and what a roll-back would bring."""
        if isinstance(self._device, Upgradable):
            return self._device.versions()
        identity = self._device.identity
        return Version("firmware", identity.firmware), Version("fpga", identity.fpga)

    def update(self, path: Path | str, progress: Progress | None = None) -> None:
        """Load an image file, verify it, boot it, and open the camera again with its settings.

        Parameters
        ----------
        path : Path or str
        progress : callable, optional
            Told steps done and steps in all.

        Raises
        ------
        MissingFile, InvalidValue
            If the file cannot be read, is damaged, or is for another camera.
        NotConnected, Busy
            If the camera is not open, or is doing something.
        InvalidOperation
            If its sensor is cooled: the boot would cut the cooler.
        NotSupported
            If the camera is real.
        DeviceLost, DeviceFault
            If the camera is lost meanwhile, or verification fails; the old version stays.
        """
        device, content = upgradable(self._device), _content(Path(path))
        self._change(lambda: device.update(content, progress))

    def roll_back(self, part: str) -> None:
        """Go back to the version before, and open the camera again with its settings.

        Parameters
        ----------
        part : {"firmware", "fpga"}

        Raises
        ------
        UnknownName, InvalidOperation
            If there is no such part, or nothing to go back to.
        NotConnected, Busy, NotSupported
            See `update`.
        """
        device = upgradable(self._device)
        self._change(lambda: device.roll_back(part))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFile(f"{path} cannot be read ({error.strerror}).", "Check its name.") from error
