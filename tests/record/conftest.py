"""Frames made by hand, so that every number of a header is known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fullwell.camera.frame import (
    DeviceIdentity,
    Frame,
    FrameFormat,
    FrameReport,
    Observation,
    Readings,
    Settings,
)
from fullwell.models.facts import (
    Banding,
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
from fullwell.readout.rows import RowTiming

START_NS = 1_700_000_000_123_456_789


def _chain(name: str, adc_bits: int, well_e: float, e_per_dn: float) -> Chain:
    def pair(value: float) -> np.ndarray:
        return np.array([value, value])

    return Chain(
        name,
        adc_bits,
        well_e,
        GainCurve(
            np.array([0.0, 100.0]), pair(e_per_dn), pair(1.5), pair(2.0), pair(1.4), pair(well_e), "by hand"
        ),
    )


def _mode(number: int, name: str, *chains: Chain) -> ReadMode:
    timing = ModeTiming(30_000.0, 0.0, (1.0,), 2, 10.0, 1.0, 46.0, 21.52)
    return ReadMode(number, name, "", number, chains, 1, (16, 14, 12, 8), ("usb3",), timing)


@pytest.fixture(scope="session")
def model() -> CameraModel:
    """A small imaginary camera: 300 x 200 effective px in 320 x 210, one 16-bit mode, one dual 12-bit mode."""
    sensor = Sensor(
        name="IMX000",
        maker="Sony",
        illumination="BSI",
        shutter="rolling",
        bayer=None,
        geometry=Geometry(
            320,
            210,
            Window(16, 8, 300, 200),
            (Window(0, 8, 10, 200),),
            (Window(0, 0, 320, 6),),
            (),
            3.76,
        ),
        coatings=(Response("standard", (400.0, 700.0), (0.8, 0.8)),),
        mosaic={},
        prnu_fraction=0.0,
        neighbour_correlation=0.0,
        nonlinearity_fraction=0.0,
        dark=Dark((0.0,), (0.0,), 0.0, 0.0, 0.0, 0.0),
        telegraph=Telegraph(0.0, (0.0, 100.0), (1.0, 1.0), (0.5, 0.5), (0.0, 0.0), 1.0),
        read_noise_spread=NoiseSpread((0.0, 1.0), (1.0, 1.0)),
        banding=Banding(0.0, 0.0, 1.0, 0.0, 1.0, 0.0),
        glow=Glow(0.0, 1.0, 0.0, 0.0, 1.0),
        pixel_period_ps=10_000,
    )
    knob = Range(0, 100, 1, 10)
    return CameraModel(
        key="imaginary",
        name="QHY000 Pro",
        sdk_name="QHY000M",
        sensor=sensor,
        modes=(
            _mode(0, "Photographic DSO", _chain("main", 16, 40_000.0, 0.75)),
            _mode(1, "Dual HDR", _chain("high gain", 12, 2_000.0, 0.5), _chain("low gain", 12, 89_000.0, 22.0)),
        ),
        default_mode=0,
        exposure_s=Range(40e-6, 3600, 1e-6, 1),
        gain=knob,
        offset=Range(0, 255, 1, 30),
        usb_traffic=Range(0, 60, 1, 0),
        speed=Range(0, 0, 1, 0),
        temperature_c=Range(-50, 30, 0.1, -10),
        offset_dn_per_step=16.0,
        offset_dn_zero=20.0,
        bins=(1, 2, 3, 4),
        shutter_signal=ShutterSignal("vsync", 400, 44),
        links=(Link("usb3", 350e6, 0.0, 350e6, 0.0),),
        cooling=Cooling(35, 30, 150, (13.8, 20.0, 40.0)),
        buffer_bytes=2_000_000_000,
        wheel_slots=7,
        printed_rates=(),
        statements=(),
    )


@pytest.fixture(scope="session")
def colour(model: CameraModel) -> CameraModel:
    """The same camera with a mosaic."""
    return replace(model, sensor=replace(model.sensor, bayer="RGGB"))


SKY = Observation(
    object_name="M 101",
    filter_name="L",
    ra_deg=210.8,
    dec_deg=54.3,
    focal_length_mm=530.0,
    aperture_mm=106.0,
    crpix=(150.5, 100.5),
    cd_deg=((-4.0e-4, 1.0e-5), (1.0e-5, 4.0e-4)),
)

FrameMaker = Callable[..., Frame]


@pytest.fixture(scope="session")
def make_frame(model: CameraModel) -> FrameMaker:
    """Make a frame: by default the whole area of the imaginary camera, M 101, noise round 500 DN."""

    def make(
        form: FrameFormat | None = None,
        *,
        mode: int = 0,
        camera: CameraModel = model,
        observation: Observation = SKY,
        data: np.ndarray | None = None,
        asked: Settings | None = None,
        **extra: object,
    ) -> Frame:
        form = form or FrameFormat(Window(0, 0, 300, 200))
        used = Settings(mode, 0.5, 26, 100, 30, 0, form, False, False, "usb3")
        if data is None:
            draw = np.random.default_rng(7)
            shape = form.shape(len(camera.modes[mode].chains))
            data = draw.poisson(100 if form.bits == 8 else 500, shape).astype(form.dtype)
        report = FrameReport(
            sequence=4,
            shape=data.shape,
            settings=used,
            timing=RowTiming(30_000, 2, form.window.top + 8, 500_010_000, 510_000_000, 5_970_000, 0, 21_520),
            row0_start_ns=START_NS,
            time_source="twin",
            time_uncertainty_ns=1_000,
            readings=Readings(-10.02, -10.0, 43.0, 18.5),
            observation=observation,
        )
        identity = DeviceIdentity("QHY000M-0123456789abcdef", camera.key, "2026-01-02", "2026-01-03", "twin", 42)
        return Frame(data, 5, report, camera, identity, asked or used, extra)

    return make
