"""Occultations from the files alone: disappearance and reappearance within the photon limit, without bias.

Many stars stand in the field, each hidden at instants of its own by a body of its own. The files of a run are
read as an observer's are. The limit is Fisher's information of the light curve, with the expected electrons of
the answer key in the aperture; sharp edges for the 42, Fresnel fringes for the window of the 600.

``pytest -s`` prints what was measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from scipy.special import fresnel
from scipy.stats import chi2, norm

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.cli.star_files import gather
from fullwell.measure import Aperture, fit_occultation, sharp_edge, soft_edge
from fullwell.models import Window
from fullwell.record import write_fits
from fullwell.record.times import read_times
from fullwell.scene import Occultation, Sky
from fullwell.scene.light_curve import LightCurve

FALSE_ALARM = 1e-6
T0 = 1_800_000_000_000_000_000
DISTANCE_AU = 2.0
BAND_NM = np.linspace(490, 575, 41)
EMPTY = Sky(210.8, 54.3, focal_length_mm=1000, aperture_mm=250, faintest_mag=-2, image_circle_mm=60, dust=0)


@dataclass(frozen=True)
class Campaign:
    """Recordings with one camera."""

    name: str
    key: str
    exposure_s: float
    window: Window | None
    filter_name: str
    magnitude: float
    speed_km_s: float
    diffraction: bool
    stars: tuple[int, int]
    runs: int
    frames: int
    disappears_s: tuple[float, float]
    reappears_s: tuple[float, float]
    aperture: tuple[float, float, float]

    @property
    def edge(self) -> LightCurve:
        if not self.diffraction:
            return sharp_edge()
        return soft_edge(self.speed_km_s, DISTANCE_AU, wavelength_nm=np.linspace(490, 575, 200))


THE_42 = Campaign(
    "42, full frame, 24 fps, sharp edges",
    "qhy42-pro",
    0.0416,
    None,
    "none",
    11.5,
    15.0,
    diffraction=False,
    stars=(8, 5),
    runs=5,
    frames=46,
    disappears_s=(0.4, 0.7),
    reappears_s=(1.1, 1.4),
    aperture=(5, 9, 16),
)
THE_600 = Campaign(
    "600, window of 512, diffraction",
    "qhy600-pro",
    0.040,
    Window(4500, 2900, 512, 512),
    "G",
    9.5,
    6.0,
    diffraction=True,
    stars=(5, 5),
    runs=8,
    frames=80,
    disappears_s=(0.7, 0.9),
    reappears_s=(2.3, 2.5),
    aperture=(7, 12, 20),
)


@dataclass
class Tally:
    """Errors of all instants, s, with the limit and with the error that the fit tells."""

    error: list[float]
    limit: list[float]
    told: list[float]
    off_row: list[float]


def measured(campaign: Campaign, folder: Path) -> Tally:
    tally = Tally([], [], [], [])
    rng = np.random.default_rng(20)
    for run in range(campaign.runs):
        runs_folder = folder / f"run{run}"
        runs_folder.mkdir()
        events, places = occultations(campaign, rng)
        paths, noise = recorded(campaign, [event for event, *_ in events], places, run, runs_folder)
        found = gather(paths, [Aperture(*place, campaign.aperture[0], campaign.aperture[1:]) for place in places])
        times = read_times(paths[0]).sound()
        middle_ns = times.middle_ns[len(times.middle_ns) // 2]
        for (_, *instants_s), star, (full_e, background_e2) in zip(events, found, noise, strict=True):
            fit = fit_occultation(star.light, campaign.edge)
            limits = photon_limit(campaign, star.light, instants_s, full_e, background_e2)
            offset_s = (fit.epoch_ns - T0) * 1e-9
            told = fit.disappearance_s, fit.reappearance_s
            row_middle_ns = (star.light.start_ns[0] + star.light.stop_ns[0]) / 2
            for estimate, true_s, limit in zip(told, instants_s, limits, strict=True):
                tally.error.append(estimate.value + offset_s - true_s)
                tally.limit.append(limit)
                tally.told.append(estimate.standard_error)
                tally.off_row.append(float(middle_ns - row_middle_ns) * 1e-9)
        shutil.rmtree(runs_folder)
    return tally


def occultations(campaign: Campaign, rng: np.random.Generator) -> tuple[list, list]:
    """Events with their true instants (s after T0), and where the stars are in the file."""
    model = fullwell.models.load(campaign.key)
    area = campaign.window or model.sensor.geometry.effective
    effective = model.sensor.geometry.effective
    origin = (area.left, area.top) if campaign.window else (0, 0)
    projection = EMPTY.bind(model.sensor, model.sensor.coatings[0].name, campaign.filter_name, 1).projection
    columns, rows = campaign.stars
    assert effective.width >= area.width
    events, places = [], []
    for row in range(rows):
        for column in range(columns):
            x = (column + 0.5) * area.width / columns + rng.uniform(-8, 8)
            y = (row + 0.5) * area.height / rows + rng.uniform(-8, 8)
            ra, dec = projection.to_sky(np.array([x + origin[0]]), np.array([y + origin[1]]))
            begin, end = rng.uniform(*campaign.disappears_s), rng.uniform(*campaign.reappears_s)
            event = Occultation(
                mid_time_ns=T0 + round((begin + end) / 2 * 1e9),
                diameter_km=(end - begin) * campaign.speed_km_s,
                shadow_speed_km_s=campaign.speed_km_s,
                distance_au=DISTANCE_AU,
                magnitude=campaign.magnitude,
                ra_deg=float(ra[0]),
                dec_deg=float(dec[0]),
                diffraction=campaign.diffraction,
            )
            events.append((event, begin, end))
            places.append((x, y))
    return events, places


def recorded(campaign: Campaign, events: list[Occultation], places: list, run: int, folder: Path) -> tuple:
    """The files of a run; and, from the answer key, light and variance in each aperture."""
    paths = []
    with fullwell.open(
        f"twin:{campaign.key}",
        scene=replace(EMPTY, events=events),
        filter=campaign.filter_name,
        clock=InstantClock(T0),
        seed=run + 1,
        temperature_c=-10,
    ) as camera:
        camera.configure(exposure_s=campaign.exposure_s)
        if campaign.window is not None:
            camera.configure(window=campaign.window)
        truth = None
        for frame in camera.live(frames=campaign.frames):
            paths.append(write_fits(frame, folder / f"{frame.number:04d}.fits"))
            truth = camera.truth(frame) if truth is None else truth
    header = fits.getheader(paths[0])
    noise = []
    for place in places:
        aperture = Aperture(*place, campaign.aperture[0], campaign.aperture[1:])
        found = aperture.measure(truth.electrons)
        noise.append((found.flux, found.noise_pixels * (found.sky + header["RDNOISER"] ** 2)))
    return paths, noise


def photon_limit(campaign, light, instants_s, full_e, background_e2) -> np.ndarray:
    """Bound of Cramer and Rao on D and R, both levels unknown: the light curve by quadrature, on its own."""
    start_s, stop_s = ((edge - T0) * 1e-9 for edge in (light.start_ns, light.stop_ns))
    seen = edge_by_quadrature(campaign)

    def share(begin: float, end: float) -> np.ndarray:
        length = stop_s - start_s
        falling = (seen(stop_s - begin) - seen(start_s - begin)) / length
        return falling + (seen(end - start_s) - seen(end - stop_s)) / length

    begin, end = instants_s
    step = 20e-6
    by_begin = (share(begin + step, end) - share(begin - step, end)) / (2 * step)
    by_end = (share(begin, end + step) - share(begin, end - step)) / (2 * step)
    slopes = np.stack([full_e * by_begin, full_e * by_end, share(begin, end), 1 - share(begin, end)])
    information = slopes / (full_e * np.maximum(share(begin, end), 0) + background_e2) @ slopes.T
    return np.sqrt(np.diag(np.linalg.inv(information))[:2])


def edge_by_quadrature(campaign: Campaign) -> Callable[[np.ndarray], np.ndarray]:
    """Integral over time of the light of a star that goes behind an edge at time 0."""
    if not campaign.diffraction:
        return lambda time: np.minimum(time, 0.0)
    grid = np.linspace(-4, 4, 80_001)
    light = np.zeros_like(grid)
    for wavelength in BAND_NM:
        scale_km = np.sqrt(wavelength * 1e-12 * DISTANCE_AU * 1.495978707e8 / 2)
        s, c = fresnel(-grid * campaign.speed_km_s / scale_km)
        light += ((0.5 + c) ** 2 + (0.5 + s) ** 2) / 2 / len(BAND_NM)
    total = np.concatenate([[0.0], np.cumsum((light[1:] + light[:-1]) / 2 * np.diff(grid))])
    return lambda time: np.interp(time, grid, total)


@pytest.fixture(scope="module", params=[THE_42, THE_600], ids=lambda campaign: campaign.key)
def tally(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tally:
    found = measured(request.param, tmp_path_factory.mktemp("occultation"))
    error, limit, told = (np.array(part) for part in (found.error, found.limit, found.told))
    ignored = rms(error + np.array(found.off_row))
    print(
        f"\n{request.param.name}: {len(error) // 2} events, rms error {1e3 * rms(error):.3f} ms, photon limit "
        f"{1e3 * rms(limit):.3f} ms (ratio {rms(error) / rms(limit):.3f}), told {1e3 * rms(told):.3f} ms, "
        f"mean pull {np.mean(error / told):+.3f} +- {1 / np.sqrt(len(error)):.3f}, "
        f"mean error {1e3 * error.mean():+.3f} ms; row times ignored: rms {1e3 * ignored:.2f} ms, "
        f"{ignored / rms(error):.1f} times as much"
    )
    return found


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.slow
def test_instants_are_found_within_the_photon_limit(tally: Tally) -> None:
    """A Gaussian of the limit's width would have this much scatter with one false alarm in a million."""
    count = len(tally.error)
    assert rms(tally.error) / rms(tally.limit) < np.sqrt(chi2.isf(FALSE_ALARM, count) / count)


@pytest.mark.slow
def test_there_is_no_bias_and_errors_are_honest(tally: Tally) -> None:
    pulls = np.array(tally.error) / np.array(tally.told)
    count = len(pulls)
    assert abs(pulls.mean()) < norm.isf(FALSE_ALARM / 2) / np.sqrt(count)
    scatter = rms(tally.error) ** 2 / rms(tally.told) ** 2
    assert chi2.ppf(FALSE_ALARM, count) / count < scatter < chi2.isf(FALSE_ALARM, count) / count


@pytest.mark.slow
def test_without_row_times_the_error_grows(tally: Tally) -> None:
    """The time of the middle of the frame instead of the star's own rows: by as much as the rows are off."""
    grown = rms(np.array(tally.error) + np.array(tally.off_row))
    assert grown == pytest.approx(np.hypot(rms(tally.limit), rms(tally.off_row)), rel=0.05)
    assert grown > 3 * rms(tally.limit)
