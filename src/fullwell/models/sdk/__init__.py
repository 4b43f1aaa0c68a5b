"""What the vendor's library answers for each camera: names, ranges, areas, return codes. Facts, no behaviour."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fullwell.errors import UnknownName


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """One CONTROL_ID of one camera.

    Attributes
    ----------
    id : int
    available : bool
        What the library says when asked.
    range : tuple of float or None
        Lowest, highest, step; None = it has none.
    value : float or None
        At first; None = none to be read.
    single_init, live_init : float or None
        What initialisation sets it to, in single and in live mode; None = it keeps what it has.
    settable : bool
        Whether setting it is called a success.
    remembers : str
        What is read afterwards: "as set", "never" (what it was), "if one" (1 if it was set to 1, else 0), "if not
        zero", "unsigned" (the last 32 bits).
    live_remembers : str
        The same in live mode.
    """

    id: int
    available: bool
    range: tuple[float, float, float] | None
    value: float | None
    single_init: float | None
    live_init: float | None
    settable: bool
    remembers: str
    live_remembers: str


@dataclass(frozen=True, slots=True)
class ReadModeFacts:
    """One read mode as the library lists it.

    Attributes
    ----------
    name : str
    size, live_size : tuple of int
        Columns and rows.
    mode : int
        Number of the read mode in `CameraModel` that stands for it.
    hardware_bin : int
        Pixels that the camera itself joins, each way.
    effective, overscan : tuple of int
        Left, top, width, height, in every state; empty = those of the camera.
    image_at : tuple of int
        As of the camera, in pixels of the sensor; empty = as in the other modes.
    """

    name: str
    size: tuple[int, int]
    live_size: tuple[int, int]
    mode: int
    hardware_bin: int
    effective: tuple[int, ...] = ()
    overscan: tuple[int, ...] = ()
    image_at: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SdkFacts:
    """All that the vendor's library answers for a model.

    Attributes
    ----------
    type : int
        Model number.
    extra_px : tuple of int
        Columns and rows that the memory length reckons with beyond the chip.
    memory_bytes_per_px : int
    bits : tuple of int
        Word depths that are accepted.
    any_bits : bool
        Whether all others are accepted too and mean 8.
    start_bits : tuple of int
        After initialisation, single and live.
    effective, overscan : mapping of str to tuple of int
        Left, top, width, height: "single" and "live" after initialisation, "set" before it and once a binning was
        chosen; empty = the whole chip.
    areas_follow_bin : bool
        Whether "set" areas are divided by the binning; else the effective area follows binning and left edge of
        the last window or initialisation.
    unknown_bin : int
        What a binning that the camera has not counts as; 0 = nothing changes.
    first_window : str
        Window before one is set: "chip" or "none".
    init_sets_window, init_resets_bin : bool
        Whether initialisation sets the window to the whole chip, and the binning to 1.
    chip_live : tuple of int
        Size reported in live mode; empty = that of the read mode.
    live_shift : tuple of int
        What the library adds to live windows.
    image_at : tuple of int
        Column and row of the raw frame at which the optically active pixels begin.
    db_per_gain : tuple of (float, float)
        Gain settings and their dB; between them the ratio of amplitudes is interpolated; empty = no conversion.
    fpgas : int
        How many the camera has.
    trigger_interfaces, trigger_modes : tuple of str
    debayer_on_mono : int
        What asking for colour returns.
    read_modes : tuple of ReadModeFacts
    controls : mapping of int to ControlFacts
    row_end_pairs, row_end_single : tuple of float
        End of exposure of a row after the stamp: constant, us, and line periods.
    row_end_single_modes : frozenset of int
        Read modes that read single rows.
    refused : frozenset of str
        Functions that return an error on this camera.
    duration_s : mapping of str to float
        Functions that take their time.
    """

    type: int
    extra_px: tuple[int, int]
    memory_bytes_per_px: int
    bits: tuple[int, ...]
    any_bits: bool
    start_bits: tuple[int, int]
    effective: dict[str, tuple[int, ...]]
    overscan: dict[str, tuple[int, ...]]
    areas_follow_bin: bool
    unknown_bin: int
    first_window: str
    init_sets_window: bool
    init_resets_bin: bool
    chip_live: tuple[int, ...]
    live_shift: tuple[int, int]
    image_at: tuple[int, int]
    db_per_gain: tuple[tuple[float, float], ...]
    fpgas: int
    trigger_interfaces: tuple[str, ...]
    trigger_modes: tuple[str, ...]
    debayer_on_mono: int
    read_modes: tuple[ReadModeFacts, ...]
    controls: dict[int, ControlFacts]
    row_end_pairs: tuple[float, float]
    row_end_single: tuple[float, float]
    row_end_single_modes: frozenset[int]
    refused: frozenset[str]
    duration_s: dict[str, float]


@cache
def load_sdk(key: str) -> SdkFacts:
    """The facts of a model.

    Parameters
    ----------
    key : str
        As of `fullwell.models.keys`; a colour variant answers like its mono twin where it has no file of its own.

    Raises
    ------
    UnknownName
        If nothing is known of it.

    Examples
    --------
    >>> load_sdk("qhy600-pro").read_modes[8].name
    '2CMS-0'
    """
    folder = files(__package__)
    for name in (key, key.replace("c-pro", "-pro")):
        if (folder / f"{name}.toml").is_file():
            return _facts(tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")))
    known = sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))
    raise UnknownName("camera of the vendor's library", key, known)


def _facts(raw: dict[str, Any]) -> SdkFacts:
    return SdkFacts(
        type=raw["type"],
        extra_px=_pair(raw["extra_px"]),
        memory_bytes_per_px=raw["memory_bytes_per_px"],
        bits=tuple(raw["bits"]),
        any_bits=raw.get("any_bits", False),
        start_bits=(raw["start_bits"]["single"], raw["start_bits"]["live"]),
        effective={state: tuple(area) for state, area in raw["effective"].items()},
        overscan={state: tuple(area) for state, area in raw["overscan"].items()},
        areas_follow_bin=raw["areas_follow_bin"],
        unknown_bin=raw["unknown_bin"],
        first_window=raw["first_window"],
        init_sets_window=raw.get("init_sets_window", False),
        init_resets_bin=raw.get("init_resets_bin", False),
        chip_live=tuple(raw.get("chip_live", ())),
        live_shift=_pair(raw.get("live_shift", (0, 0))),
        image_at=_pair(raw["image_at"]),
        db_per_gain=tuple((float(gain), float(db)) for gain, db in raw.get("db_per_gain", ())),
        fpgas=raw["fpgas"],
        trigger_interfaces=tuple(raw["trigger_interfaces"]),
        trigger_modes=tuple(raw["trigger_modes"]),
        debayer_on_mono=raw["debayer_on_mono"],
        read_modes=tuple(_read_mode(each) for each in raw["read_mode"]),
        controls={each["id"]: _control(each) for each in raw["control"]},
        row_end_pairs=(raw["row_end"]["pairs"]["constant_us"], raw["row_end"]["pairs"]["lines"]),
        row_end_single=(raw["row_end"]["single"]["constant_us"], raw["row_end"]["single"]["lines"]),
        row_end_single_modes=frozenset(raw["row_end"]["single_modes"]),
        refused=frozenset(raw["call"]["refused"]),
        duration_s=dict(raw["call"]["duration_s"]),
    )


def _pair(raw: Any) -> tuple[int, int]:
    first, second = raw
    return int(first), int(second)


def _read_mode(raw: dict[str, Any]) -> ReadModeFacts:
    size = _pair(raw["size"])
    return ReadModeFacts(
        name=raw["name"],
        size=size,
        live_size=_pair(raw.get("live_size", size)),
        mode=raw["mode"],
        hardware_bin=raw.get("hardware_bin", 1),
        effective=tuple(raw.get("effective", ())),
        overscan=tuple(raw.get("overscan", ())),
        image_at=tuple(raw.get("image_at", ())),
    )


def _control(raw: dict[str, Any]) -> ControlFacts:
    limits = raw.get("range")
    return ControlFacts(
        id=raw["id"],
        available=raw.get("available", True),
        range=(float(limits[0]), float(limits[1]), float(limits[2])) if limits else None,
        value=float(raw["value"]) if "value" in raw else None,
        single_init=float(raw["single_init"]) if "single_init" in raw else None,
        live_init=float(raw["live_init"]) if "live_init" in raw else None,
        settable=raw.get("settable", False),
        remembers=raw.get("remembers", "as set"),
        live_remembers=raw.get("live_remembers", raw.get("remembers", "as set")),
    )
