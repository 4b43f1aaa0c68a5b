"""Switching quirks of an engine that runs, over the socket on which programs find it."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Final

from fullwell.errors import DeviceLost, InvalidValue
from fullwell.serve.sdk.quirks import Quirks
from fullwell.serve.sdk.wire import SWITCH_MAGIC

ANSWER_S: Final = 10.0
_MOST_BYTES: Final = 65536


def switch_quirk(path: Path, name: str | None, on: bool) -> list[str]:
    """Switch a quirk, or only ask.

    Parameters
    ----------
    path : Path
        Of the engine's socket.
    name : str or None
        Quirk or profile; None = switch nothing.
    on : bool

    Returns
    -------
    list of str
        What is on afterwards.

    Raises
    ------
    DeviceLost
        If no engine listens there.
    InvalidValue
        If it knows no such quirk.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_S)
        try:
            line.connect(str(path))
            line.sendall(struct.pack("<4I", SWITCH_MAGIC, 0, 0, 0))
            line.sendall(json.dumps({"quirk": name, "on": on}).encode() + b"\n")
            told = json.loads(line.makefile("rb").readline(_MOST_BYTES))
        except (OSError, ValueError) as error:
            raise DeviceLost(
                f"no engine answers at {path}: {error}.", "Start a program on it first, or: fullwell sdk engine"
            ) from error
    if "error" in told:
        raise InvalidValue(told["error"])
    return [str(each) for each in told["on"]]


def answer_switch(line: socket.socket, quirks: Quirks) -> None:
    """The engine's side: read one wish, obey, tell what is on."""
    with line.makefile("rwb") as file:
        try:
            wish = json.loads(file.readline(_MOST_BYTES))
            if wish["quirk"] is not None:
                quirks.switch(str(wish["quirk"]), bool(wish["on"]))
            told: dict[str, object] = {"on": sorted(quirks)}
        except (ValueError, KeyError, TypeError, InvalidValue) as error:
            told = {"error": str(error)}
        file.write(json.dumps(told).encode() + b"\n")
