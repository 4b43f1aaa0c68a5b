"""The flash memory of a twin: what it remembers without power, if need be in a file.

A memory in a file outlives the program; every change is on the disk before the call returns, and a cut at any
instant leaves the old memory or the new one.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from fullwell.errors import InvalidValue, NotWritable

__all__ = ["CONFIG_BYTES", "ERASED", "Flash", "Memory"]

CONFIG_BYTES: Final = 64
"""Length of the block of start-up settings."""

ERASED: Final = b"\xff" * CONFIG_BYTES


@dataclass(frozen=True, slots=True)
class Memory:
    """What stands in flash.

    Attributes
    ----------
    undervoltage_code : int
        Of the last under-voltage event, 0 = none since it was erased.
    start_power : int
        Power of the cooler after power-up, 0 to 255; 0 = off.
    start_config : bytes
        Start-up settings, `CONFIG_BYTES` long; erased flash is all ones.
    banks : dict
        What the boot loader needs to know of firmware and FPGA; see `fullwell.twin.firmware`.
    """

    undervoltage_code: int = 0
    start_power: int = 0
    start_config: bytes = ERASED
    banks: dict[str, Any] | None = None


class Flash:
    """A memory that outlives power cuts.

    Parameters
    ----------
    path : Path, optional
        File that holds it; default is none: it dies with the twin.

    Raises
    ------
    InvalidValue
        If the file holds something else.

    Examples
    --------
    >>> flash = Flash()
    >>> flash.write(undervoltage_code=9)
    >>> flash.memory.undervoltage_code
    9
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self._path = Path(path) if path is not None else None
        self.memory = _load(self._path) if self._path is not None and self._path.exists() else Memory()

    @property
    def path(self) -> Path | None:
        """File that holds it."""
        return self._path

    def write(self, **changes: Any) -> None:
        """Change fields of the memory.

        Raises
        ------
        NotWritable
            If its file cannot be written; the memory is then as it was.
        """
        memory = Memory(**{**_plain(self.memory), **changes})
        if self._path is not None:
            _save(self._path, memory)
        self.memory = memory


def _plain(memory: Memory) -> dict[str, Any]:
    return {field.name: getattr(memory, field.name) for field in fields(memory)}


def _load(path: Path) -> Memory:
    try:
        entries = json.loads(path.read_text())
        entries["start_config"] = base64.b64decode(entries["start_config"])
        return Memory(**entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidValue(
            f"{path} is no flash memory of a twin ({error}).",
            "Give another file, or one that does not exist yet.",
        ) from error


def _save(path: Path, memory: Memory) -> None:
    entries = asdict(memory)
    entries["start_config"] = base64.b64encode(memory.start_config).decode()
    half_done = path.with_name(f"{path.name}.part")
    try:
        with half_done.open("w") as file:
            json.dump(entries, file)
            file.flush()
            os.fsync(file.fileno())
        half_done.replace(path)
    except OSError as error:
        raise NotWritable(
            f"the flash memory {path} cannot be written ({error.strerror}).", "Choose another file."
        ) from error
