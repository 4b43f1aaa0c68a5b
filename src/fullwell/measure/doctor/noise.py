"""The bias frame: its level, its noise, and how many pixels jump."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fullwell.measure.doctor.patient import FALSE_ALARM, SIGMAS, STACK, Patient
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill, unknown
from fullwell.measure.readnoise import read_noise
from fullwell.models.facts import NoiseSpread, Telegraph

BODY_BIAS_DN16: Final = 50.0
"""How far the bias level of a body lies off the law, DN of 16 bits (assumed; real frames: up to 22)."""

BODY_NOISE: Final = 0.2
"""How far the read noise of a body lies off the charts, as a share (assumed)."""

BODY_JUMPING: Final = 1.5
"""How many times more pixels than by the facts may jump in a healthy body (assumed)."""

JUMP_SIGMA: Final = 4.0
"""A frame in which a pixel stands so many usual deviations off its median counts as a jump."""

JUMPS: Final = 2
"""A pixel that jumps in so many frames of the stack counts."""

LEAST_NOISE_DN: Final = 0.5
"""Below it the noise hides in the steps of the ADC."""

LEAST_JUMPING_DN: Final = 1.0
"""The same for jumps: what rounding does to rare values depends on where in a step a pixel lies."""

SIMULATED: Final = 20_000
FINE: Final = 16


def examine(patient: Patient) -> Iterator[Verdict]:
    """Look at a stack of still frames."""
    if patient.wish.lit:
        yield unknown("bias and noise", "An even light is before the camera.", "Cover it, and examine it again.")
        return
    stack = patient.bias_stack_dn
    patient.progress(0.5)
    yield _bias(patient, stack)
    stack = stack - stack.mean(axis=2, keepdims=True)
    yield _read_noise(patient, stack)
    patient.progress(0.8)
    yield _telegraph(patient, stack)


def _bias(patient: Patient, stack: NDArray[np.float32]) -> Verdict:
    frames = stack.mean(axis=(1, 2))
    level_dn, error_dn = float(frames.mean()), float(frames.std(ddof=1)) / len(frames) ** 0.5
    expected_dn = patient.bias_dn(patient.quiet_offset)
    room_dn = BODY_BIAS_DN16 * patient.dn_per_dn16 + SIGMAS * error_dn
    level = Quantity("bias level", level_dn, "DN", error_dn, expected_dn - room_dn, expected_dn + room_dn)
    at_zero = 100.0 * float(np.mean(stack[0] == 0))
    clipped = Quantity("pixels at 0", at_zero, "%")
    if level.as_expected:
        words = f"It obeys the offset law at offset {patient.quiet_offset}."
        return healthy("bias level", words, [level, clipped])
    words = f"It is {level_dn:.0f} DN, but offset {patient.quiet_offset} should give {expected_dn:.0f} DN."
    remedy = (
        "Make new bias and dark frames; if light can reach the sensor, cover it. Should it drift, have the "
        "camera checked."
    )
    return ill("bias level", Trouble.WRONG_BIAS, words, remedy, [level, clipped])


def _read_noise(patient: Patient, stack: NDArray[np.float32]) -> Verdict:
    gain_e_per_dn = patient.gain.e_per_dn
    expected_e = patient.gain.read_noise_median_e
    if expected_e < LEAST_NOISE_DN * gain_e_per_dn:
        return unknown(
            "read noise",
            f"At this gain a count is {gain_e_per_dn:.2g} e-: the noise hides in the steps of the ADC.",
            "Choose a higher gain setting.",
        )
    # levels of rows are no whole counts: what is left of the frames is, in sixteenths
    measured = read_noise(np.rint(FINE * stack).astype(np.int32), step_dn=FINE)
    median = measured.median_dn.scaled(gain_e_per_dn / FINE)
    room_e = BODY_NOISE * expected_e + SIGMAS * median.standard_error
    noise = Quantity(
        "median read noise", median.value, "e-", median.standard_error, expected_e - room_e, expected_e + room_e
    )
    rms = measured.rms_dn.scaled(gain_e_per_dn / FINE)
    average = Quantity("rms read noise", rms.value, "e-", rms.standard_error)
    counts, edges = np.histogram(measured.map_dn * gain_e_per_dn / FINE, 120, (0.0, 6.0 * expected_e))
    curve = Curve(
        "Read noise of the pixels",
        "read noise / e-",
        "pixels",
        (edges[1:] + edges[:-1]) / 2,
        counts.astype(float),
        marks=(expected_e,),
    )
    if noise.high is None or noise.value <= noise.high:
        return healthy("read noise", "It is what the charts promise.", [noise, average], [curve])
    words = f"It is {median.value:.3g} e-, {median.value / expected_e:.2f} times what the charts promise."
    remedy = (
        "Look for interference: try another supply, cables apart from each other and from motors, another port. "
        "If it stays, have the camera checked."
    )
    return ill("read noise", Trouble.HIGH_READ_NOISE, words, remedy, [noise, average], [curve])


def _telegraph(patient: Patient, stack: NDArray[np.float32]) -> Verdict:
    subject, gain, sensor = "telegraph noise", patient.gain, patient.model.sensor
    if gain.read_noise_median_e < LEAST_NOISE_DN * gain.e_per_dn:
        return unknown(
            subject, "At this gain jumps hide in the steps of the ADC.", "Choose a higher gain setting."
        )
    expected = expected_jumping_share(
        sensor.telegraph,
        sensor.read_noise_spread,
        gain.gaussian_median_e / gain.e_per_dn,
        (sensor.telegraph.suppressed_factor if patient.found.telegraph_suppression else 1.0) / gain.e_per_dn,
    )
    pixels = STACK[1] * STACK[2]
    share, jumps_dn = jumping_share(stack)
    high = float(stats.binom.isf(FALSE_ALARM, pixels, min(1.0, BODY_JUMPING * expected))) / pixels
    error = (max(share, 1.0 / pixels) / pixels) ** 0.5
    count = Quantity("pixels that jump", 100 * share, "%", 100 * error, high=100 * high)
    facts = Quantity("the facts let this count find", 100 * expected, "%")
    counts, edges = np.histogram(jumps_dn * gain.e_per_dn, 60, (0.0, 30.0))
    curve = Curve(
        "Jumping pixels", "largest jump / e-", "pixels", (edges[1:] + edges[:-1]) / 2, counts.astype(float)
    )
    if count.as_expected:
        return healthy(subject, "No more pixels jump than the facts say.", [count, facts], [curve])
    words = f"{100 * share:.3g} % of the pixels jump, {share / max(expected, 1e-9):.1f} times what is usual."
    remedy = (
        "Switch telegraph noise suppression on where the camera has it, and take several frames and their median."
    )
    return ill(subject, Trouble.TELEGRAPH_NOISE, words, remedy, [count, facts], [curve])


def jumping_share(stack: NDArray[np.float32]) -> tuple[float, NDArray[np.float64]]:
    """Share of the pixels of a stack that jump, and how far each of them does, DN.

    Parameters
    ----------
    stack : ndarray of float32, shape (frames, rows, columns)
        Levels of rows taken out.
    """
    flat = _dithered(stack.reshape(len(stack), -1))
    usual_dn = _usual_dn(np.abs(flat[:, ::8] - np.median(flat[:, ::8], axis=0)))
    jumps, off = _jumps(flat, usual_dn)
    return float(jumps.mean()), off[:, jumps].max(axis=0).astype(np.float64) if jumps.any() else np.zeros(0)


def _dithered(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whole counts spread over their steps, so that medians are not bound to steps."""
    return values + np.random.default_rng(2).random(values.shape, dtype=np.float32) - np.float32(0.5)


def _usual_dn(off: NDArray[np.floating[Any]]) -> float:
    """Standard deviation of an ordinary pixel, from distances from the medians."""
    return max(1.4826 * float(np.median(off)), 0.3)


def _jumps(flat: NDArray[np.float32], usual_dn: float) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Which pixels jump, and how far each value is off its median; shape (frames, pixels)."""
    off = np.abs(flat - np.median(flat, axis=0))
    return np.count_nonzero(off > JUMP_SIGMA * usual_dn, axis=0) >= JUMPS, off


@lru_cache(maxsize=64)
def expected_jumping_share(
    telegraph: Telegraph, spread: NoiseSpread, median_noise_dn: float, jump_dn_per_e: float
) -> float:
    """What `jumping_share` finds in a sensor that is as its facts say: counted on simulated pixels.

    Parameters
    ----------
    telegraph : Telegraph
    spread : NoiseSpread
    median_noise_dn : float
        Median over the pixels of the Gaussian noise, DN.
    jump_dn_per_e : float
        DN per electron, times the factor of the suppression where it is on.
    """
    jumping = _simulated_share(telegraph, spread, median_noise_dn, jump_dn_per_e)
    quiet = _simulated_share(telegraph, spread, median_noise_dn, 0.0)
    return telegraph.fraction * jumping + (1.0 - telegraph.fraction) * quiet


def _simulated_share(
    telegraph: Telegraph, spread: NoiseSpread, median_noise_dn: float, jump_dn_per_e: float
) -> float:
    """Share of the pixels with a trap that `jumping_share` finds: the usual noise is that of quiet ones."""
    chance = np.random.default_rng(1)
    noise = median_noise_dn * np.interp(chance.random(SIMULATED), spread.quantiles, spread.ratio)
    rank, side = 100.0 * chance.random((2, SIMULATED))
    no_jump = np.interp(rank, telegraph.percentiles, telegraph.no_jump)
    lower = np.interp(side, telegraph.percentiles, telegraph.lower_share)
    jump_dn = np.interp(rank, telegraph.percentiles, telegraph.jump_e) * jump_dn_per_e
    drawn = chance.random((STACK[0], SIMULATED), dtype=np.float32)
    sign = np.where(drawn < no_jump, 0.0, np.where(drawn < no_jump + (1.0 - no_jump) * lower, -1.0, 1.0))
    values = noise * chance.standard_normal((STACK[0], SIMULATED), dtype=np.float32) + sign * jump_dn
    quiet = _dithered(np.rint(values - sign * jump_dn).astype(np.float32))
    usual_dn = _usual_dn(np.abs(quiet - np.median(quiet, axis=0)))
    return float(_jumps(_dithered(np.rint(values).astype(np.float32)), usual_dn)[0].mean())
