"""S7: exposure ranges are enforced, never clipped."""

from __future__ import annotations

import pytest

import fullwell
from fullwell.errors import OutOfRange
from fullwell.models.facts import Window
from fullwell.scene import Dark

PRINTED_S = {"qhy600-pro": (40e-6, 3600.0), "qhy268m-pro": (30e-6, 3600.0), "qhy42-pro": (20e-6, 300.0)}


@pytest.mark.requirement("S7")
@pytest.mark.parametrize("key", PRINTED_S)
def test_exposures_from_the_shortest_to_the_longest(key: str) -> None:
    shortest_s, longest_s = PRINTED_S[key]
    with fullwell.open(f"twin:{key}", scene=Dark(), clock="instant", temperature_c=-10.0) as camera:
        camera.configure(window=Window(0, 0, 32, 16))
        for exposure_s in (shortest_s, longest_s):
            camera.configure(exposure_s=exposure_s)
            frame = camera.expose()
            assert frame.report.settings.exposure_s == exposure_s
            line_s = frame.report.timing.line_period_ns * 1e-9
            assert frame.report.timing.exposure_ns * 1e-9 == pytest.approx(exposure_s, abs=line_s)
        for exposure_s in (0.0, -1.0, 0.99 * shortest_s, 1.001 * longest_s):
            with pytest.raises(OutOfRange, match="exposure"):
                camera.configure(exposure_s=exposure_s)
        assert camera.settings.exposure_s == longest_s
