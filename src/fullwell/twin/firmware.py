"""Firmware and FPGA of a twin: image files, two banks for each, update with verification, roll-back.

A new image goes into the bank that is not in use, block by block, and is read back. Only then does the boot
loader take it, on trial: it stays only if the camera is opened before its power fails. A cut at any earlier
instant, or a block that does not read back as it was written, leaves the old version.

An image file is for twins; it holds the magic, a header of JSON with its length and CRC-32, and the payload,
whose SHA-256 stands in the header. The checks are against damage, not against forgery: nobody signs images for
a twin.

Limits: the vendor's format is not published and not used. The payload is not run: a version is a name. How long
blocks take is assumed.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from fullwell.camera.clock import Clock
from fullwell.camera.firmware import Version
from fullwell.errors import DeviceFault, InvalidOperation, InvalidValue, MissingFile, UnknownName
from fullwell.twin.body.flash import Flash

__all__ = ["PARTS", "Bank", "BootLoader", "FirmwareImage"]

PARTS: Final = ("firmware", "fpga")
"""What can be updated."""

MAGIC: Final = b"fullwell image 1\n"
_LENGTHS: Final = struct.Struct("<II")
BLOCK_BYTES: Final = 65_536
BLOCK_NS: Final = 40_000_000
"""Erasing and writing one block (assumed: some hundred bytes per millisecond, as serial flash memories do)."""
VERIFY_NS: Final = 4_000_000
"""Reading one block back (assumed)."""
LARGEST_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """What is to be loaded into a camera.

    Parameters
    ----------
    model_key : str
        Of the camera that it is for.
    part : str
        One of `PARTS`.
    version : str
        A day for firmware, as in "2025-03-01"; anything printable for the FPGA.
    payload : bytes
        1 byte to 64 MiB.

    Raises
    ------
    UnknownName
        If there is no such part.
    InvalidValue
        If the version or the size is impossible.

    Examples
    --------
    >>> image = FirmwareImage("qhy600-pro", "firmware", "2025-03-01", b"code")
    >>> FirmwareImage.unpack(image.pack()) == image
    True
    """

    model_key: str
    part: str
    version: str
    payload: bytes

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise UnknownName("part", self.part, PARTS)
        if not (self.version.isprintable() and 0 < len(self.version) <= 60):
            raise InvalidValue(f"{self.version!r} is no version.", "Give 1 to 60 printable characters.")
        if self.part == "firmware":
            firmware_day(self.version)
        if not 0 < len(self.payload) <= LARGEST_BYTES:
            raise InvalidValue(f"a payload of {len(self.payload)} bytes is impossible.", "Give 1 byte to 64 MiB.")

    @property
    def sha256(self) -> str:
        """Of the payload."""
        return hashlib.sha256(self.payload).hexdigest()

    def pack(self) -> bytes:
        """The content of an image file."""
        entries = {"model": self.model_key, "part": self.part, "version": self.version, "sha256": self.sha256}
        header = json.dumps({**entries, "bytes": len(self.payload)}, sort_keys=True).encode()
        return MAGIC + _LENGTHS.pack(len(header), zlib.crc32(header)) + header + self.payload

    @classmethod
    def unpack(cls, content: bytes) -> FirmwareImage:
        """Read and check the content of an image file.

        Raises
        ------
        InvalidValue
            If it is damaged, or something else.
        """
        start = len(MAGIC) + _LENGTHS.size
        if not content.startswith(MAGIC) or len(content) < start:
            raise InvalidValue("this is no image for a twin.", "Make one: fullwell firmware make.")
        length, checksum = _LENGTHS.unpack(content[len(MAGIC) : start])
        header, payload = content[start : start + length], content[start + length :]
        if len(header) != length or zlib.crc32(header) != checksum:
            raise InvalidValue("the header of the image is damaged.", "Get the file once more.")
        entries = json.loads(header)
        if len(payload) != entries["bytes"] or hashlib.sha256(payload).hexdigest() != entries["sha256"]:
            raise InvalidValue(
                f"the image is damaged: {len(payload)} of {entries['bytes']} bytes, or other ones.",
                "Get the file once more.",
            )
        return cls(entries["model"], entries["part"], entries["version"], payload)

    @classmethod
    def read(cls, path: Path | str) -> FirmwareImage:
        """Read an image file.

        Raises
        ------
        MissingFile
            If it cannot be read.
        InvalidValue
            If it is damaged, or something else.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise MissingFile(f"{path} cannot be read ({error.strerror}).", "Check its name.") from error
        return cls.unpack(content)


def firmware_day(version: str) -> date:
    """The day that is the version of a firmware.

    Raises
    ------
    InvalidValue
        If it is none.
    """
    try:
        return date.fromisoformat(version)
    except ValueError:
        raise InvalidValue(f"{version!r} is no day.", "Give one like 2025-03-01.") from None


@dataclass(frozen=True, slots=True)
class Bank:
    """One of the two places for a part.

    Attributes
    ----------
    version : str
        "" when it is empty.
    sha256 : str
        Of the payload; "" for what the factory loaded.
    valid : bool
        Whether it was written to its end and read back.
    """

    version: str = ""
    sha256: str = ""
    valid: bool = False


@dataclass(frozen=True, slots=True)
class _Slots:
    """Both banks of a part.

    Attributes
    ----------
    banks : tuple of Bank
    active : int
        Which one runs.
    trial : str
        "loaded" until the one that is to run has been booted, "booted" until the camera was opened with it, then
        "".
    """

    banks: tuple[Bank, Bank]
    active: int = 0
    trial: str = ""

    @property
    def running(self) -> Bank:
        return self.banks[self.active]

    @property
    def spare(self) -> Bank:
        return self.banks[1 - self.active]

    def with_spare(self, bank: Bank) -> _Slots:
        return replace(self, banks=(bank, self.banks[1]) if self.active else (self.banks[0], bank))

    def switched(self, trial: str = "") -> _Slots:
        return replace(self, active=1 - self.active, trial=trial)


class BootLoader:
    """What decides which version runs.

    Parameters
    ----------
    flash : Flash
    factory : mapping of str to str
        Version of each part as delivered.
    model_key : str
        Of the camera.
    clock : Clock
        In whose time blocks are written.

    Attributes
    ----------
    bad_block : int or None
        Number of a block that does not keep what is written into it.
    """

    def __init__(self, flash: Flash, factory: dict[str, str], model_key: str, clock: Clock) -> None:
        self._flash, self._model_key, self._clock = flash, model_key, clock
        self._factory = factory
        self.bad_block: int | None = None

    def version(self, part: str) -> str:
        """What runs."""
        return self._slots(part).running.version

    def versions(self) -> tuple[Version, ...]:
        """What runs, and what a roll-back would bring."""
        found = {part: self._slots(part) for part in PARTS}
        return tuple(
            Version(part, slots.running.version, slots.spare.version if slots.spare.valid else "")
            for part, slots in found.items()
        )

    def boot(self) -> None:
        """Power is there: a version that was on trial, and whose camera nobody has opened, is given up."""
        for part in PARTS:
            slots = self._slots(part)
            if slots.trial == "loaded":
                self._keep(part, replace(slots, trial="booted"))
            elif slots.trial == "booted":
                self._keep(part, slots.switched())

    def confirm(self) -> None:
        """The camera was opened: what runs, stays."""
        for part in PARTS:
            slots = self._slots(part)
            if slots.trial == "booted":
                self._keep(part, replace(slots, trial=""))

    def update(
        self,
        image: FirmwareImage,
        powered: Callable[[], None],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Write an image, read it back, and let it run from the next boot.

        Parameters
        ----------
        image : FirmwareImage
        powered : callable
            Raises `DeviceLost` when the camera has lost its power meanwhile.
        progress : callable, optional
            Told steps done and steps in all: each block is written and read.

        Raises
        ------
        InvalidValue
            If the image is for another camera.
        DeviceLost
            If power or cable fails meanwhile; the version that ran goes on running.
        DeviceFault
            If a block does not read back as it was written; the same holds.
        """
        if image.model_key != self._model_key:
            raise InvalidValue(
                f"the image is for the {image.model_key}, the camera is a {self._model_key}.",
                "Choose the image of this camera.",
            )
        slots = self._slots(image.part)
        self._keep(image.part, slots.with_spare(Bank(image.version)))
        blocks = -(-len(image.payload) // BLOCK_BYTES)
        found = hashlib.sha256()
        for step in range(2 * blocks):
            self._clock.sleep_until(self._clock.now_ns() + (BLOCK_NS if step < blocks else VERIFY_NS))
            powered()
            if step >= blocks:
                found.update(self._read_back(image.payload, step - blocks))
            if progress is not None:
                progress(step + 1, 2 * blocks)
        if found.hexdigest() != image.sha256:
            raise DeviceFault(
                f"verification failed: the {image.part} {image.version} does not read back as it was written; "
                f"{slots.running.version} goes on running.",
                "Try once more; if it fails again, the flash memory is worn out.",
            )
        written = slots.with_spare(Bank(image.version, image.sha256, valid=True))
        self._keep(image.part, written.switched("loaded"))

    def roll_back(self, part: str) -> str:
        """Let the other bank run from the next boot; gives its version.

        Raises
        ------
        UnknownName
            If there is no such part.
        InvalidOperation
            If it holds nothing whole.
        """
        slots = self._slots(part)
        if not slots.spare.valid:
            raise InvalidOperation(
                f"there is no other {part} to go back to.", f"{slots.running.version} is all that there is."
            )
        self._keep(part, slots.switched())
        return slots.spare.version

    def _read_back(self, payload: bytes, block: int) -> bytes:
        content = payload[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES]
        return bytes([content[0] ^ 1]) + content[1:] if block == self.bad_block else content

    def _slots(self, part: str) -> _Slots:
        if part not in PARTS:
            raise UnknownName("part", part, PARTS)
        kept = (self._flash.memory.banks or {}).get(part)
        if kept is None:
            return _Slots((Bank(self._factory[part], valid=True), Bank()))
        first, second = (Bank(**each) for each in kept["banks"])
        return _Slots((first, second), kept["active"], kept["trial"])

    def _keep(self, part: str, slots: _Slots) -> None:
        kept: dict[str, Any] = {**(self._flash.memory.banks or {}), part: asdict(slots)}
        self._flash.write(banks=kept)
