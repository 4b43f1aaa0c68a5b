"""The merge of dual-gain frames: speed beside the same formula in numpy, and how true it is by the answer key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import fullwell
from fullwell.camera.engine import Camera
from fullwell.reduce import HdrCalibration, Merged, merge_hdr
from fullwell.reduce.hdr import FADE_FROM, FADE_TO
from fullwell.scene import Uniform

LAMP_E_PER_S = 1000.0
LEVELS_E = (5, 20, 100, 1000, 1600, 1850, 2500, 20_000, 50_000, 80_000)
ROUNDS = 9


def run() -> list[dict[str, Any]]:
    """Lines of task, value, unit and goal."""
    with fullwell.open(
        "twin:qhy42-pro", scene=Uniform(LAMP_E_PER_S), clock="instant", temperature_c=-20.0, seed=3
    ) as camera:
        camera.configure(mode="HDR", gain=0, offset=22, anti_glow=True)
        return [*_speed(camera), *(line for level_e in LEVELS_E for line in _truth(camera, level_e))]


def _speed(camera: Camera) -> list[dict[str, Any]]:
    camera.configure(exposure_s=1.7)
    frame = camera.expose()
    calibration = HdrCalibration.of_frame(frame)
    rows, columns = frame.data.shape[0], frame.data.shape[1] // 2
    out = Merged.empty(rows, columns)
    pixels = rows * columns
    one = _best_ns(lambda: merge_hdr(frame.data, calibration, threads=1, out=out), pixels)
    two = _best_ns(lambda: merge_hdr(frame.data, calibration, threads=2, out=out), pixels)
    plain = _best_ns(lambda: _by_numpy(frame.data, calibration), pixels)
    return [
        _line("merge, one thread", one, "ns/px", ""),
        _line("merge, two threads", two, "ns/px", ""),
        _line("the same formula in numpy, float32", plain, "ns/px", ""),
        _line("numpy over merge, one thread", plain / one, "times", "> 1"),
    ]


def _best_ns(work: Callable[[], object], pixels: int) -> float:
    work()
    times_ns = []
    for _ in range(ROUNDS):
        begin_ns = time.perf_counter_ns()
        work()
        times_ns.append(time.perf_counter_ns() - begin_ns)
    return min(times_ns) / pixels


def _by_numpy(data: np.ndarray, calibration: HdrCalibration) -> Merged:
    f = np.float32
    first, second = calibration.high, calibration.low
    columns = data.shape[1] // 2
    high = (data[:, :columns] - f(first.bias_dn)) * f(first.e_per_dn)
    low = (data[:, columns:] - f(second.bias_dn)) * f(second.e_per_dn)
    share = f(second.noise_e**2 / (first.noise_e**2 + second.noise_e**2))
    rise = np.clip((f(FADE_TO * first.range_e) - high) * f(1 / ((FADE_TO - FADE_FROM) * first.range_e)), 0, 1)
    weight = share * rise * rise * (f(3) - f(2) * rise)
    value = low + weight * (high - low)
    noise = np.maximum(value, 0) + (weight * f(first.noise_e)) ** 2 + ((1 - weight) * f(second.noise_e)) ** 2
    end = data[:, columns:] >= second.saturation_dn
    mask = (data[:, :columns] >= first.saturation_dn).astype(np.uint8) | (end.astype(np.uint8) << 1)
    return Merged(value, np.where(end, f(np.inf), noise), mask)


def _truth(camera: Camera, level_e: float) -> list[dict[str, Any]]:
    camera.configure(exposure_s=level_e / LAMP_E_PER_S)
    pair = []
    for _ in range(2):
        frame = camera.expose()
        pair.append(merge_hdr(frame.data, HdrCalibration.of_frame(frame)))
    truth = camera.truth(frame).electrons.astype(float)
    error_e = float((pair[1].electrons - truth).mean())
    difference = pair[0].electrons.astype(float) - pair[1].electrons
    told = sum(float(each.variance.sum(dtype=float)) for each in pair)
    return [
        _line(f"mean error at {level_e} e-", 100 * error_e / truth.mean(), "%", "within 1"),
        _line(f"mean error at {level_e} e-", error_e / truth.mean() ** 0.5, "photon noise", ""),
        _line(f"chi-square of the variance at {level_e} e-", float((difference**2).sum()) / told, "", "1"),
    ]


def _line(task: str, value: float, unit: str, goal: str) -> dict[str, Any]:
    return {"task": task, "value": value, "unit": unit, "goal": goal}
