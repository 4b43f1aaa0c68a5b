"""One full frame of a 61 Mpx camera by fullwell and by its peers: time, memory, ratios, in one run.

Task: expected electrons of a sky with 5,000 stars (given) -> dark current, shot noise, read noise, full well,
gain, bias, clip -> 16-bit frame of 9600 x 6422. The peers do just that. fullwell does it through its public API
with all of its physics (PRNU, dark pattern, warm pixels, telegraph noise, read noise per pixel, row and column
noise, linearity, times, readings), and once more draws the sky itself from its catalogue. "Noise alone" is what
the peers do, by the loops of the twin on one core (whole blocks of columns, 9216 of 9600).

Each runs in a process of its own: once to warm up, then repeatedly, of which the median counts. Memory is the
peak of the process in its first frame less what it held before: imports, and the light it was given. The frame
itself is 118 MiB of that, so once more fullwell exposes into a file mapped to memory (`Camera.expose` takes any
array), where the pixels are the system's to keep or to write away; what counts is the memory of the process.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = ROOT / "build" / "bench-venv" / "bin" / "python"
LIGHT_FILE = ROOT / "build" / "bench-light.npy"
PEERS = ("numpy", "galsim", "pyxel")
OURS = ("fullwell picture", "fullwell sky")
NOISE = "fullwell noise alone"
MAPPED = "mapped"
GOALS = {
    ("numpy", "noise"): ">= 40",
    ("galsim", "wall"): ">= 30",
    ("pyxel", "wall"): ">= 60",
    ("galsim", "memory"): ">= 10",
    ("pyxel", "memory"): ">= 10",
}
REPEATS = {"pyxel": 2, "galsim": 3, "numpy": 3}


def by_numpy(light: Any) -> Callable[[], Any]:
    """Generator.poisson and Generator.normal, float32 where it can be."""
    import numpy as np

    from bench import light as given

    generator = np.random.default_rng(1)

    def frame() -> Any:
        electrons = generator.poisson(light + np.float32(given.DARK_E)).astype(np.float32)
        np.minimum(electrons, given.FULL_WELL_E, out=electrons)
        electrons += given.READ_NOISE_E * generator.standard_normal(light.shape, np.float32)
        electrons /= given.GAIN_E_PER_DN
        electrons += given.BIAS_DN
        np.rint(electrons, out=electrons)
        np.clip(electrons, 0, 65535, out=electrons)
        return electrons.astype(np.uint16)

    return frame


def by_galsim(light: Any) -> Callable[[], Any]:
    """GalSim's own noise classes on an ImageF."""
    import galsim
    import numpy as np

    from bench import light as given

    random = galsim.BaseDeviate(1)

    def frame() -> Any:
        image = galsim.ImageF(light.copy())
        image += given.DARK_E
        image.addNoise(galsim.PoissonNoise(random))
        image.array[image.array > given.FULL_WELL_E] = given.FULL_WELL_E
        image.addNoise(galsim.GaussianNoise(random, sigma=given.READ_NOISE_E))
        image /= given.GAIN_E_PER_DN
        image += given.BIAS_DN
        image.quantize()
        return np.clip(image.array, 0, 65535).astype(np.uint16)

    return frame


def by_pyxel(light: Any) -> Callable[[], Any]:
    """ESA Pyxel's exposure mode with its CMOS detector and the simplest model of each group."""
    import pyxel
    from pyxel.detectors import CMOS, ChargeToVoltSettings, CMOSCharacteristics, CMOSGeometry, Environment
    from pyxel.exposure import Exposure, Readout
    from pyxel.pipelines import DetectionPipeline, ModelFunction

    from bench import light as given

    rows, columns = light.shape
    volt_per_e = 5.0 / (65536 * given.GAIN_E_PER_DN)
    geometry = CMOSGeometry(row=rows, col=columns, pixel_vert_size=3.76, pixel_horz_size=3.76)
    characteristics = CMOSCharacteristics(
        quantum_efficiency=1.0,
        charge_to_volt=ChargeToVoltSettings(volt_per_e),
        pre_amplification=1.0,
        full_well_capacity=given.FULL_WELL_E,
        adc_bit_resolution=16,
        adc_voltage_range=(0.0, 5.0),
    )

    def model(group: str, name: str, **arguments: Any) -> ModelFunction:
        return ModelFunction(func=f"pyxel.models.{group}.{name}", name=name, arguments=arguments)

    pipeline = DetectionPipeline(
        photon_collection=[
            model("photon_collection", "load_image", image_file=str(LIGHT_FILE)),
            model("photon_collection", "shot_noise"),
        ],
        charge_generation=[
            model("charge_generation", "simple_conversion", binomial_sampling=False),
            model("charge_generation", "simple_dark_current", dark_rate=given.DARK_E),
        ],
        charge_collection=[
            model("charge_collection", "simple_collection"),
            model("charge_collection", "simple_full_well"),
        ],
        charge_measurement=[
            model("charge_measurement", "simple_measurement"),
            model("charge_measurement", "output_node_noise", std_deviation=given.READ_NOISE_E * volt_per_e),
        ],
        readout_electronics=[
            model("readout_electronics", "simple_amplifier"),
            model("readout_electronics", "simple_adc"),
        ],
    )

    def frame() -> Any:
        detector = CMOS(geometry=geometry, environment=Environment(), characteristics=characteristics)
        mode = Exposure(readout=Readout(times=[1.0]), result_type="image")
        tree = pyxel.run_mode(mode=mode, detector=detector, pipeline=pipeline)
        return tree["/bucket/image"].values[0]

    return frame


def by_fullwell(light: Any, sky: bool) -> Callable[[], Any]:
    """The public API, everything switched on, into a buffer that is reused."""
    import numpy as np

    import fullwell
    from fullwell.scene import Picture, Sky

    scene = (
        Sky(ra_deg=299.9, dec_deg=22.7, focal_length_mm=530, aperture_mm=106)
        if sky
        else Picture(light, brightest_e_per_s=float(light.max()))
    )
    camera = fullwell.open("twin:qhy600-pro", scene=scene, seed=1, clock="instant")
    camera.configure(mode=0, gain=26, offset=30, exposure_s=60.0 if sky else 1.0, overscan=True)
    buffer = np.empty((6422, 9600), np.uint16)
    return lambda: camera.expose(out=buffer).data


def by_fullwell_noise(light: Any) -> Callable[[], Any]:
    """What the peers do, by the loops of the twin: `bench.alone`."""
    from dataclasses import replace

    from bench import light as given
    from bench.alone import Alone
    from bench.noise import make_plan

    made = make_plan(64)
    chain = replace(
        made.chains[0],
        e_per_dn=given.GAIN_E_PER_DN,
        gaussian_median_e=given.READ_NOISE_E,
        bias_dn=given.BIAS_DN,
        pixel_well_e=given.FULL_WELL_E,
        bend_per_e2=0.0,
        row_dn=made.chains[0].row_dn * 0.0,
        column_dn=made.chains[0].column_dn * 0.0,
    )
    return Alone(replace(made, chains=(chain,), dark_e=given.DARK_E, prnu_fraction=0.0), light).draw


def run_one(name: str) -> dict[str, float]:
    """Measure one of them in this very process."""
    import numpy as np

    light = np.load(LIGHT_FILE)
    makers: dict[str, Callable[[], Callable[[], Any]]] = {
        "numpy": lambda: by_numpy(light),
        "galsim": lambda: by_galsim(light),
        "pyxel": lambda: by_pyxel(light),
        "fullwell picture": lambda: by_fullwell(light, sky=False),
        "fullwell sky": lambda: by_fullwell(light, sky=True),
        NOISE: lambda: by_fullwell_noise(light),
    }
    frame = makers[name]()
    before_mib = resident_mib()
    result = frame()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    checked = {"mean_dn": float(result.mean()), "median_dn": float(np.median(result))}
    pixels = result.size
    del result
    wall, cpu = [], []
    for _ in range(REPEATS.get(name, 9)):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        frame()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    return {
        "wall_s": statistics.median(wall),
        "wall_spread_s": max(wall) - min(wall),
        "cpu_ns_per_px": statistics.median(cpu) / pixels * 1e9,
        "peak_mib": peak_mib,
        "added_mib": peak_mib - before_mib,
        **checked,
    }


def own_mib() -> float:
    """Memory of this process now that no file stands behind."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def mapped_mib() -> float:
    """Peak of what a frame of a sky takes of its own, its pixels in a mapped file; looked at each millisecond."""
    import threading

    import numpy as np

    import fullwell
    from fullwell.scene import Sky

    scene = Sky(ra_deg=299.9, dec_deg=22.7, focal_length_mm=530, aperture_mm=106)
    with (
        tempfile.TemporaryDirectory(dir=LIGHT_FILE.parent) as folder,
        fullwell.open("twin:qhy600-pro", scene=scene, seed=1, clock="instant") as camera,
    ):
        camera.configure(mode=0, gain=26, offset=30, exposure_s=60.0, overscan=True)
        pixels = np.memmap(Path(folder) / "frame", np.uint16, "w+", shape=(6422, 9600))
        before, seen, done = own_mib(), [0.0], threading.Event()

        def look() -> None:
            while not done.wait(0.001):
                seen.append(own_mib())

        watcher = threading.Thread(target=look)
        watcher.start()
        camera.expose(out=pixels)
        done.set()
        watcher.join()
    return max(seen) - before


def resident_mib() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def measured() -> dict[str, dict[str, float]]:
    """All of them, one after the other, each in a process of its own."""
    from bench import light

    LIGHT_FILE.parent.mkdir(exist_ok=True)
    if not LIGHT_FILE.exists():
        light.write(LIGHT_FILE)
    results = {}
    for name in (*PEERS, *OURS, NOISE):
        python = str(PEERS_PYTHON) if name in PEERS else sys.executable
        done = subprocess.run(
            [python, "-m", "bench.peers", name], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        results[name] = json.loads(done.stdout.splitlines()[-1])
    return results


def mapped() -> float:
    """`mapped_mib` of a process of its own."""
    command = [sys.executable, "-m", "bench.peers", MAPPED]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    results = measured()
    lines: list[dict[str, Any]] = []
    for name, figures in results.items():
        for key, unit in (("wall_s", "s"), ("cpu_ns_per_px", "ns/px"), ("peak_mib", "MiB"), ("added_mib", "MiB")):
            task = f"61.65 Mpx frame, {name}: {key.rsplit('_', 1)[0]}"
            lines.append({"task": task, "value": figures[key], "unit": unit, "goal": ""})
    for ours in OURS:
        for peer in PEERS:
            for key, what in (("wall_s", "wall"), ("cpu_ns_per_px", "CPU"), ("added_mib", "memory")):
                ratio = results[peer][key] / results[ours][key]
                goal = GOALS.get((peer, what), "")
                lines.append({"task": f"{what}: {peer} / {ours}", "value": ratio, "unit": "x", "goal": goal})
    for peer in PEERS:
        ratio = results[peer]["cpu_ns_per_px"] / results[NOISE]["cpu_ns_per_px"]
        goal = GOALS.get((peer, "noise"), "")
        lines.append({"task": f"CPU: {peer} / {NOISE}", "value": ratio, "unit": "x", "goal": goal})
    own = mapped()
    task = "61.65 Mpx frame, fullwell sky into a mapped file: memory of its own"
    lines.append({"task": task, "value": own, "unit": "MiB", "goal": ""})
    for peer in PEERS:
        task, ratio = f"memory: {peer} / fullwell into a mapped file", results[peer]["added_mib"] / own
        lines.append({"task": task, "value": ratio, "unit": "x", "goal": GOALS.get((peer, "memory"), "")})
    return lines


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(mapped_mib() if sys.argv[1] == MAPPED else json.dumps(run_one(sys.argv[1])))
    else:
        for line in run():
            print(f"{line['task']:56} {line['value']:8.3g} {line['unit']:6} {line['goal']}")
