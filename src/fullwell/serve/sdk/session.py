"""Twins on the bus of one program: library, engine and what the program must have in its environment."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fullwell.camera.device import Device
from fullwell.serve.sdk.build import build
from fullwell.serve.sdk.host import Host
from fullwell.serve.sdk.quirks import Quirks
from fullwell.serve.sdk.vendor_library import VendorLibrary


@dataclass(frozen=True, slots=True)
class Session:
    """An engine that runs in this process.

    Attributes
    ----------
    library : Path
        The drop-in.
    socket : Path
        Where the engine listens.
    """

    library: Path
    socket: Path

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """What a program needs to find library and engine, added to what it has."""
        paths = ":".join(filter(None, (str(self.library.parent), given.get("LD_LIBRARY_PATH"))))
        return {**given, "LD_LIBRARY_PATH": paths, "FULLWELL_SDK_SOCKET": str(self.socket)}


@contextmanager
def session(
    devices: Sequence[Device],
    command: str,
    in_real_time: bool = True,
    quirks: Quirks | None = None,
    library: Path | None = None,
) -> Iterator[Session]:
    """Build the library and run an engine until the block is left.

    Parameters
    ----------
    devices : sequence of Device
        On the bus, closed.
    command : str
        Path of the ``fullwell`` command.
    in_real_time : bool
        Whether functions take as long as the vendor's do.
    quirks : Quirks, optional
        What goes wrong; default is nothing.
    library : Path, optional
        The drop-in; default is one that is built now.
    """
    with tempfile.TemporaryDirectory() as scratch:
        library = build(Path(scratch), command) if library is None else library
        socket = Path(scratch) / "engine.sock"
        host = Host(VendorLibrary(devices, in_real_time=in_real_time, quirks=quirks), socket)
        listening = threading.Thread(target=host.serve, daemon=True)
        listening.start()
        try:
            yield Session(library, socket)
        finally:
            host.close()
            listening.join()
