"""The system gain by photon transfer, where there is light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from fullwell.measure.doctor.patient import SIGMAS, Patient
from fullwell.measure.doctor.verdict import Curve, Quantity, Trouble, Verdict, healthy, ill, unknown
from fullwell.measure.transfer import Pair, photon_transfer

SHARES: Final = (0.05, 0.12, 0.2, 0.3, 0.4, 0.5)
"""Of the full well, at which pairs of frames are taken."""

BODY_GAIN: Final = 0.1
"""How far the gain of a body lies off the charts, as a share (assumed)."""

ROWS, COLUMNS = 128, 256
LONGEST_S: Final = 30.0
LEAST_E_PER_S: Final = 20.0


def examine(patient: Patient) -> Iterator[Verdict]:
    """Take pairs of evenly lit frames, and compare noise with signal."""
    if not patient.wish.lit:
        yield unknown("gain", "The camera is covered.", "Give it an even light, and say so: --lit.")
        return
    bias = _pair(patient, patient.still_exposure_s)
    rate_e_per_s = _light_e_per_s(patient, float(bias[0].mean()))
    top_e = min(patient.gain.full_well_e, _rail_e(patient, float(bias[0].mean())))
    if rate_e_per_s < max(LEAST_E_PER_S, SHARES[-1] * top_e / LONGEST_S):
        yield unknown("gain", "There is too little light.", "Brighten it: half the full well within 30 s.")
        return
    if SHARES[0] * top_e / rate_e_per_s < 2.0 * patient.still_exposure_s:
        yield unknown(
            "gain", "There is too much light.", "Dim it: a twentieth of the full well takes 1 ms or more."
        )
        return
    pairs = [_pair(patient, share * top_e / rate_e_per_s) for share in SHARES]
    curve = photon_transfer(bias, pairs, fit_up_to=1.0)
    measured, expected = curve.system_gain_e_per_dn, patient.gain.e_per_dn
    room = BODY_GAIN * expected + SIGMAS * measured.standard_error
    gain = Quantity(
        "system gain", measured.value, "e-/DN", measured.standard_error, expected - room, expected + room
    )
    drawn = Curve(
        "Photon transfer", "signal / DN", "variance / DN²", curve.signal_dn, curve.variance_dn2, points=True
    )
    if gain.as_expected:
        yield healthy("gain", "It is what the charts promise.", [gain], [drawn])
        return
    words = f"It is {measured.value:.3g} e-/DN, the charts promise {expected:.3g} e-/DN."
    remedy = (
        "Check that the gain setting and read mode are those you think. If they are, use the measured gain, and "
        "write it into your headers."
    )
    yield ill("gain", Trouble.WRONG_GAIN, words, remedy, [gain], [drawn])


def _pair(patient: Patient, exposure_s: float) -> Pair:
    patient.set_up(patient.middle(ROWS, COLUMNS), exposure_s)
    return patient.take(), patient.take()


def _light_e_per_s(patient: Patient, bias_dn: float) -> float:
    """Brightness, found with exposures that grow until something is gathered."""
    exposure_s = 0.01
    while True:
        patient.set_up(patient.middle(ROWS, COLUMNS), exposure_s)
        signal_e = (float(np.mean(patient.take())) - bias_dn) * patient.gain.e_per_dn
        if signal_e > 200.0 or exposure_s >= 1.0:
            return signal_e / exposure_s
        exposure_s *= 10.0


def _rail_e(patient: Patient, bias_dn: float) -> float:
    """Signal at which the words end."""
    return float((2 ** patient.mode.chains[0].adc_bits - 1 - bias_dn) * patient.gain.e_per_dn)
