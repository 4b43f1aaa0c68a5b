"""Fill the derived columns of the curve files: what a facts file implies, worked out once and written down.

Entered by hand: gain_setting, e_per_dn, read_noise_median_e. Derived from them and from the sensor's telegraph,
spread and banding entries: gaussian_median_e, read_noise_rms_e, full_well_e. Run after any change of those::

    python docs/facts/derive_columns.py

Law. The temporal variance of pixel i is::

    (m r_i)^2 + row_noise^2 + [i jumps] V_i,     V = d^2 (q - q^2 (1 - 2 s)^2),     q = 1 - A

with r drawn from the spread table, A and d (one rank) and s (its own) from the telegraph table; V is the
variance of the three levels -d, 0, +d with probabilities q s, A, q (1 - s). m is chosen so that the median of the
square root over all pixels is the entered median; the rms follows. Quantisation by the ADC comes on top of both.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

FOLDER = Path(__file__).resolve().parents[2] / "src" / "fullwell" / "models"
STEPS = 150


def telegraph_variance_e2(telegraph: dict[str, list[float]]) -> NDArray[np.float64]:
    """Three-level variance of jumping pixels on an even grid of both ranks, flattened, e-^2."""
    rank = (np.arange(STEPS) + 0.5) / STEPS * 100

    def at(column: str) -> NDArray[np.float64]:
        return np.interp(rank, telegraph["percentiles"], telegraph[column])

    leave = 1 - at("no_jump")[:, None]
    lean = 1 - 2 * at("lower_share")[None, :]
    return (at("jump_e")[:, None] ** 2 * (leave - (leave * lean) ** 2)).ravel()


def gaussian_median_e(
    median_e: float, sensor: dict[str, dict[str, list[float]]], fraction: float, row_noise_e: float
) -> float:
    """The Gaussian median under which the median of the whole temporal noise is `median_e`."""
    spread = sensor["read_noise_spread"]
    jumps = telegraph_variance_e2(sensor["telegraph"])

    def share_below(gaussian_e: float) -> float:
        def share(variance: NDArray[np.float64] | float) -> float:
            ratio = np.sqrt(np.maximum(median_e**2 - row_noise_e**2 - variance, 0)) / gaussian_e
            return float(np.mean(np.interp(ratio, spread["ratio"], spread["quantiles"], left=0, right=1)))

        return (1 - fraction) * share(0.0) + fraction * share(jumps)

    return float(brentq(lambda m: share_below(m) - 0.5, median_e * 0.3, median_e, xtol=1e-9))


def rms_e(
    gaussian_e: float, sensor: dict[str, dict[str, list[float]]], fraction: float, row_noise_e: float
) -> float:
    """Root mean square over the pixels of the whole temporal noise."""
    quantiles = np.array(sensor["read_noise_spread"]["quantiles"])
    ratio = np.array(sensor["read_noise_spread"]["ratio"])
    a, b = ratio[:-1], ratio[1:]
    mean_square = float(np.sum(np.diff(quantiles) * (a * a + a * b + b * b) / 3))
    jumps = fraction * float(telegraph_variance_e2(sensor["telegraph"]).mean())
    return float(np.sqrt(gaussian_e**2 * mean_square + row_noise_e**2 + jumps))


def derive(path: Path, facts: dict, chain: dict) -> list[list[float]]:
    """Rows of one curve file with all six columns."""
    sensor = facts["sensor"]
    fraction, row_noise = sensor["telegraph"]["fraction"], sensor["banding"]["row_noise_e"]
    law, offset = facts["offset_law"], facts["control"]["offset"]["default"]
    scale = 2 ** (16 - chain["adc_bits"])
    room_dn = 2 ** chain["adc_bits"] - 1 - (law["dn16_at_zero"] + law["dn16_per_step"] * offset) / scale
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = []
    for entry in csv.DictReader(lines):
        setting, gain, median = (float(entry[k]) for k in ("gain_setting", "e_per_dn", "read_noise_median_e"))
        gaussian = gaussian_median_e(median, sensor, fraction, row_noise)
        full_well = min(chain["pixel_well_e"], room_dn * gain)
        rows.append([setting, gain, median, gaussian, rms_e(gaussian, sensor, fraction, row_noise), full_well])
    return rows


def write(path: Path, rows: list[list[float]]) -> None:
    """Put the rows back under the comment lines of the file."""
    head = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    head.append("gain_setting,e_per_dn,read_noise_median_e,gaussian_median_e,read_noise_rms_e,full_well_e")
    body = [f"{g:g},{e:.5g},{median:.4g},{m:.4f},{rms:.4f},{well:.1f}" for g, e, median, m, rms, well in rows]
    path.write_text("\n".join(head + body) + "\n", encoding="utf-8")


def main() -> None:
    """Rewrite every curve file that a facts file names."""
    sys.path.insert(0, str(FOLDER.parents[1]))
    from fullwell.models.loader import read_toml  # noqa: PLC0415

    for file in sorted(FOLDER.glob("*.toml")):
        facts = read_toml(file)
        for mode in facts.get("mode", []):
            for chain in mode["chain"]:
                path = FOLDER / chain["curve"]
                write(path, derive(path, facts, chain))
                print(path.name, file=sys.stderr)


if __name__ == "__main__":
    main()
