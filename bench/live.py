"""Live frames per second through the public API: with the camera's own clock, and flat out.

A sky of stars, full frames, all physics, `Camera.live` into a ring of buffers. "Real" lets the camera run by its
own clock for some seconds and counts what arrives and what is lost; "flat out" lets time jump, so that the frame
rate is how fast frames can be made and handed over. ``python -m bench.live``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

REAL_S = 6.0
FLAT_OUT_S = 4.0
RING = 6


@dataclass(frozen=True)
class Case:
    """A camera, how it is set, and the rate that the vendor prints."""

    key: str
    link: str
    mode: str
    bits: int
    printed_fps: float

    @property
    def name(self) -> str:
        return f"{self.key}, {self.mode}, {self.bits} bit, {self.link}"


CASES = (
    Case("qhy600-pro", "fibre", "Photographic DSO", 16, 4.0),
    Case("qhy600-pro", "fibre", "14-bit (fibre)", 16, 10.0),
    Case("qhy268m-pro", "usb3", "Photographic DSO", 16, 6.5),
    Case("qhy268m-pro", "usb3", "12-bit", 8, 14.5),
    Case("qhy42-pro", "usb3", "STD high gain", 16, 24.0),
    Case("qhy42-pro", "usb3", "STD high gain", 12, 24.0),
    Case("qhy42-pro", "usb3", "STD high gain", 8, 48.0),
)


def opened(case: Case, clock: str) -> Any:
    """The camera of a case, at its fastest."""
    import fullwell
    from fullwell.scene import Sky

    scene = Sky(ra_deg=56.75, dec_deg=24.12, focal_length_mm=530, aperture_mm=106)
    camera = fullwell.open(f"twin:{case.key}", scene=scene, seed=1, clock=clock, link=case.link)
    number = next(mode.number for mode in camera.model.modes if mode.name.startswith(case.mode))
    camera.configure(mode=number, bits=case.bits, exposure_s=0.01)
    return camera


def real(case: Case) -> dict[str, float]:
    """Frames that arrive in time, and frames that the camera had to throw away."""
    with opened(case, "real") as camera:
        camera.expose()
        own_fps = 1e9 / camera.timing().frame_period_ns
        wanted = max(8, round(REAL_S * own_fps))
        stamps, numbers = [], []
        with camera.live(frames=wanted, ring=RING) as frames:
            for frame in frames:
                stamps.append(time.perf_counter())
                numbers.append(frame.report.sequence)
    lost = numbers[-1] - numbers[0] + 1 - len(numbers)
    return {"own_fps": own_fps, "fps": (len(stamps) - 1) / (stamps[-1] - stamps[0]), "lost": lost}


def flat_out(case: Case) -> float:
    """Frames per second when nobody waits."""
    with opened(case, "instant") as camera, camera.live(ring=RING) as frames:
        steady = iter(frames)
        for _ in range(3):
            next(steady)
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < FLAT_OUT_S or count < 5:
            next(steady)
            count += 1
        return count / (time.perf_counter() - begin)


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    lines: list[dict[str, Any]] = []
    for case in CASES:
        held = real(case)
        goal = f"{held['own_fps']:.1f} (printed {case.printed_fps:g})"
        lines += [
            {"task": f"{case.name}: live", "value": held["fps"], "unit": "fps", "goal": goal},
            {"task": f"{case.name}: lost", "value": float(held["lost"]), "unit": "frames", "goal": "0"},
            {"task": f"{case.name}: flat out", "value": flat_out(case), "unit": "fps", "goal": goal},
        ]
    return lines


if __name__ == "__main__":
    for line in run():
        print(f"{line['task']:56} {line['value']:8.3g} {line['unit']:6} {line['goal']}")
