"""A small sensor, mono or colour, and whole frames of expected electrons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fullwell.models.facts import Geometry, Response, Sensor, Window
from fullwell.scene.light import BoundScene, Interval

COATING = Response(
    "standard", (300, 400, 500, 600, 700, 800, 900, 1000, 1100), (0.3, 0.7, 0.88, 0.8, 0.65, 0.42, 0.2, 0.06, 0)
)
MOSAIC = {
    "R": Response("R", (300, 570, 600, 700, 1100), (0.02, 0.05, 0.95, 0.9, 0.8)),
    "G": Response("G", (300, 470, 510, 560, 600, 1100), (0.02, 0.1, 0.9, 0.9, 0.1, 0.5)),
    "B": Response("B", (300, 400, 450, 480, 520, 1100), (0.3, 0.8, 0.9, 0.6, 0.1, 0.5)),
}

SensorMaker = Callable[..., Sensor]
Exposer = Callable[..., NDArray[np.float32]]


@pytest.fixture(scope="session")
def make_sensor() -> SensorMaker:
    def make(
        width: int = 600, height: int = 400, pixel_size_um: float = 3.76, bayer: str | None = None
    ) -> Sensor:
        area = Window(0, 0, width, height)
        geometry = Geometry(width, height, area, (), (), (), pixel_size_um)
        # Nothing of a scene depends on what follows the light, so the noise facts may be missing.
        noise: list[Any] = [None] * 6
        filters = MOSAIC if bayer else {}
        return Sensor("test", "nobody", "BSI", "rolling", bayer, geometry, (COATING,), filters, 0, 0, 0, *noise)

    return make


@pytest.fixture(scope="session")
def expose() -> Exposer:
    def whole(
        bound: BoundScene,
        sensor: Sensor,
        exposure_s: float = 1.0,
        *,
        start_ns: int = 0,
        key: int = 1,
        strip: int = 64,
    ) -> NDArray[np.float32]:
        area = sensor.geometry.effective
        out = np.full((area.height, area.width), np.nan, np.float32)
        for top in range(0, area.height, strip):
            rows = min(strip, area.height - top)
            start = np.full(rows, start_ns, np.int64)
            bound.expose(out[top : top + rows], 0, top, Interval(start, start + round(exposure_s * 1e9), key))
        return out

    return whole
