"""Facts of a camera that does not exist: 96 x 66 px, three modes, two cables."""

from __future__ import annotations

import numpy as np

from fullwell.models import load
from fullwell.models.facts import (
    Banding,
    Burst,
    CameraModel,
    Chain,
    Cooling,
    Dark,
    GainCurve,
    Geometry,
    Glow,
    Link,
    ModeTiming,
    NoiseSpread,
    Range,
    ReadMode,
    Response,
    Sensor,
    ShutterSignal,
    Telegraph,
    Window,
)


def chain(name: str, gain_high: float) -> Chain:
    setting = np.array([0.0, gain_high])
    curve = GainCurve(
        setting,
        np.array([0.8, 0.1]),
        np.full(2, 3.0),
        np.full(2, 3.3),
        np.full(2, 2.9),
        np.array([51e3, 6e3]),
        "made up",
    )
    return Chain(name, 16, 51e3, curve)


def mode(number: int, name: str, **changes: object) -> ReadMode:
    timing = ModeTiming(
        line_period_ns=43_194.0,
        line_period_per_traffic=0.015,
        speed_factor=(1.0, 0.5),
        rows_per_step=2,
        blanking_lines=20.0,
        short_word_factor=0.9,
        end_offset_lines=46.0,
        end_offset_us=21.52,
    )
    facts: dict[str, object] = {
        "number": number,
        "name": name,
        "description": "for tests",
        "sdk_index": number,
        "chains": (chain("main", 200.0),),
        "samples": 1,
        "output_bits": (16, 8),
        "links": ("usb3", "fibre"),
        "timing": timing,
    }
    return ReadMode(**{**facts, **changes})  # type: ignore[arg-type]


def single_row_timing() -> ModeTiming:
    return ModeTiming(43_194.0, 0.015, (1.0, 0.5), 1, 20.0, 0.9, 43.0, 112.777)


def tiny_model(wheel_slots: int = 5, buffer_bytes: int = 2**31) -> CameraModel:
    """The camera: modes Normal (0), Single rows (1, half the gain range), Twin chains (2, fibre only)."""
    sensor = Sensor(
        name="TINY1",
        maker="nobody",
        illumination="BSI",
        shutter="rolling",
        bayer=None,
        geometry=Geometry(96, 66, Window(4, 1, 90, 61), (Window(0, 0, 4, 66),), (), (), 3.76),
        coatings=(Response("standard", (400.0, 700.0), (0.8, 0.6)),),
        mosaic={},
        prnu_fraction=0.005,
        neighbour_correlation=0.01,
        nonlinearity_fraction=0.003,
        dark=Dark((-20.0, 0.0), (0.002, 0.01), 0.1, 1e-4, 1.0, 0.5),
        telegraph=Telegraph(0.08, (0.0, 100.0), (0.5, 0.9), (0.5, 0.5), (5.0, 15.0), 0.3),
        read_noise_spread=NoiseSpread((0.0, 1.0), (0.9, 1.5)),
        banding=Banding(0.2, 0.5, 60.0, 20.0, 10.0, 0.0),
        glow=Glow(0.0, 100.0, 0.0, 0.0, 1.0),
        pixel_period_ps=13_889,
    )
    return CameraModel(
        key="tiny-1",
        name="Tiny 1",
        sdk_name="TINY1",
        sensor=sensor,
        modes=(
            mode(0, "Normal"),
            mode(1, "Single rows", chains=(chain("main", 100.0),), timing=single_row_timing()),
            mode(
                2,
                "Twin chains",
                chains=(chain("high gain", 200.0), chain("low gain", 200.0)),
                output_bits=(12,),
                links=("fibre",),
            ),
        ),
        default_mode=0,
        exposure_s=Range(40e-6, 3600.0, 1e-6, 1.0),
        gain=Range(0, 200, 1, 26),
        offset=Range(0, 255, 1, 30),
        usb_traffic=Range(0, 60, 1, 0),
        speed=Range(0, 1, 1, 0),
        temperature_c=Range(-40.0, 30.0, 0.1, -10.0),
        offset_dn_per_step=16.0,
        offset_dn_zero=12.0,
        bins=(1, 2, 3, 4),
        shutter_signal=ShutterSignal("vsync", 400, 44),
        links=(Link("usb3", 350e6, 1e-4, 300e6, 2e-4), Link("fibre", 800e6, 1e-5, 800e6, 1e-5)),
        cooling=Cooling(35.0, 30.0, 150.0, (13.8, 20.0, 40.0)),
        buffer_bytes=buffer_bytes,
        wheel_slots=wheel_slots,
        statements=(),
        burst=Burst((), None, True, True, True),
        printed_rates=(),
        connector=load("qhy600-pro").connector,
        thermal=load("qhy600-pro").thermal,
        chamber=load("qhy600-pro").chamber,
        power=load("qhy600-pro").power,
    )
