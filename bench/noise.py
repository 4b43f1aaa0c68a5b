"""The physics alone: time per pixel and core at several light levels beside numpy's generator, and peak memory.

``python -m bench.noise``. Both make 16-bit frames from given expected electrons, one thread, in turns, so that a
busy machine slows both; the least processor time of several runs counts. numpy does response, dark, shot noise,
read noise, gain, offset, clipping; "physics" is fullwell with all it has (telegraph, row, column and neighbour
noise, read noise and dark current per pixel, warm pixels, linearity besides), "noise alone" is fullwell doing
what numpy does.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LOW_LIGHT_E = 100.0
LEVELS_E = (0.0, 0.3, 3.0, 30.0, 100.0, 1000.0, 20_000.0)
ROWS = 1024
SMALL_ROWS = 32
"""What fits into the caches, where numpy is fastest."""
REPEATS = 7


@dataclass(frozen=True)
class Row:
    """One light level.

    Attributes
    ----------
    electrons : float
    fullwell_ns, alone_ns, numpy_ns : float
        Processor time per pixel: all the physics, the noise alone (`bench.alone`), numpy.
    """

    electrons: float
    fullwell_ns: float
    alone_ns: float
    numpy_ns: float


class Even:
    """The same light on every pixel."""

    def __init__(self, electrons: float) -> None:
        self.electrons = electrons

    def expose(self, out, left, top, interval) -> None:  # noqa: ARG002
        out[...] = self.electrons


def make_plan(rows: int):
    """A second of a QHY600 in High Gain mode at gain 56, the top rows of the sensor."""
    from fullwell.camera.frame import FrameFormat, Settings
    from fullwell.models import load
    from fullwell.models.facts import Window
    from fullwell.readout.timing import row_timing
    from fullwell.twin.plan import plan

    model = load("qhy600-pro")
    mode = model.mode("High Gain")
    window = Window(0, 0, model.sensor.geometry.effective.width, rows)
    link = model.links[0].name
    settings = Settings(mode.number, 1.0, 56, 30, 0, 0, FrameFormat(window), False, False, link)
    timing = row_timing(model, mode.number, window, exposure_s=1.0, link=link)
    return plan(model, mode, settings, -10.0, 1, 1, timing, 0)


def by_numpy(generator, mean, response, plan):
    """The same with numpy: Generator.poisson and Generator.standard_normal."""
    chain = plan.chains[0]
    electrons = generator.poisson(mean * response + np.float32(plan.dark_e)).astype(np.float32)
    np.minimum(electrons, np.float32(chain.pixel_well_e), out=electrons)
    electrons += np.float32(chain.gaussian_median_e) * generator.standard_normal(mean.shape, np.float32)
    electrons /= np.float32(chain.e_per_dn)
    electrons += np.float32(chain.bias_dn + 0.5)
    np.clip(electrons, 0, 65535, out=electrons)
    return electrons.astype(np.uint16)


def _least_s(work, repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def levels() -> list[Row]:
    """Measure all levels."""
    from bench.alone import Alone
    from fullwell.twin import fused

    plan = make_plan(ROWS)
    out = np.empty(plan.shape, np.uint16)
    generator = np.random.default_rng(1)
    small = (SMALL_ROWS, plan.shape[1])
    response = generator.normal(1.0, plan.prnu_fraction, small).astype(np.float32)
    fused.expose(plan, None, out)
    rows = []
    for level in LEVELS_E:
        light, mean = Even(level), np.full(small, level, np.float32)
        alone = Alone(plan, np.full(small, level, np.float32))
        alone.draw()
        ours, bare, theirs = [], [], []
        for _ in range(REPEATS):
            ours.append(_least_s(lambda light=light: fused.expose(plan, light, out), 2))
            bare.append(_least_s(alone.draw, 20))
            theirs.append(_least_s(lambda mean=mean: by_numpy(generator, mean, response, plan), 5))
        times = zip((ours, bare, theirs), (out.size, alone.out.size, mean.size), strict=True)
        rows.append(Row(level, *(min(each) / size * 1e9 for each, size in times)))
    return rows


def peak_memory_mib() -> tuple[float, float]:
    """Peak memory of one full frame of 61 Mpx in a process of its own, MiB: in all, and above its own buffer."""
    code = "import bench.noise as b; b.one_frame()"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    peak, before, buffer = (float(word) for word in answer.stdout.split())
    return peak, peak - before - buffer


def one_frame() -> None:
    """Expose one full frame; print the peak, what was in use before it, and its buffer, MiB."""
    from fullwell.twin import fused

    fused.compile_kernels()
    plan = make_plan(6388)
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    out = np.empty(plan.shape, np.uint16)
    fused.expose(plan, Even(100.0), out, threads=2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(peak, resident, out.nbytes / 2**20)


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    lines: list[dict[str, Any]] = []
    for row in levels():
        goal = "<= 2.5" if row.electrons >= LOW_LIGHT_E else "<= 3.5"
        name = f"physics on one core at {row.electrons:g} e-"
        lines += [
            {"task": f"{name}: fullwell", "value": row.fullwell_ns, "unit": "ns/px", "goal": goal},
            {"task": f"{name}: numpy", "value": row.numpy_ns, "unit": "ns/px", "goal": ""},
            {
                "task": f"{name}: numpy / fullwell",
                "value": row.numpy_ns / row.fullwell_ns,
                "unit": "x",
                "goal": "",
            },
            {
                "task": f"noise alone at {row.electrons:g} e-: fullwell",
                "value": row.alone_ns,
                "unit": "ns/px",
                "goal": "",
            },
            {
                "task": f"noise alone at {row.electrons:g} e-: numpy / fullwell",
                "value": row.numpy_ns / row.alone_ns,
                "unit": "x",
                "goal": ">= 40",
            },
        ]
    peak, above = peak_memory_mib()
    lines.append({"task": "61 Mpx frame: peak with Python and imports", "value": peak, "unit": "MiB", "goal": ""})
    lines.append({"task": "61 Mpx frame: above the frame itself", "value": above, "unit": "MiB", "goal": ""})
    return lines


if __name__ == "__main__":
    for line in run():
        print(f"{line['task']:56} {line['value']:8.3g} {line['unit']:6} {line['goal']}")
