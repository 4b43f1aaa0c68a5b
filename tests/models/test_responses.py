"""Quantum efficiencies against the charts they follow."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from fullwell import models
from fullwell.models.facts import Response

CHARTS = [
    ("qhy600-pro", "standard", "IMX455", "QHYCCD chart", 0.90 / 0.9157),
    ("qhy268m-pro", "standard", "IMX571", "QHYCCD chart", 0.91 / 0.9158),
    ("qhy42-pro", "TVISB", "GSENSE400BSI", "Gpixel TVISB", 1.0),
]


def coating(key: str, name: str) -> Response:
    return next(response for response in models.load(key).sensor.coatings if response.name == name)


@pytest.mark.parametrize(("key", "name", "sensor", "source", "scale"), CHARTS)
def test_coating_follows_its_chart(
    shared: Path, key: str, name: str, sensor: str, source: str, scale: float
) -> None:
    with (shared / "data" / "sensors" / "qe.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["sensor"] == sensor and r["source"].startswith(source)]
    assert len(rows) > 30
    wavelength_nm = np.array([float(row["wavelength_nm"]) for row in rows])
    charted = scale * np.array([float(row["qe"]) for row in rows])
    response = coating(key, name)
    difference = np.interp(wavelength_nm, response.wavelength_nm, response.quantum_efficiency) - charted
    assert np.abs(difference).max() < 0.06
    assert np.sqrt(np.mean(difference**2)) < 0.02


def test_colours_of_the_mosaic_peak_where_they_should() -> None:
    mosaic = models.load("qhy600c-pro").sensor.mosaic
    visible = np.arange(400, 690)
    peak_nm = {
        letter: visible[np.argmax(np.interp(visible, r.wavelength_nm, r.quantum_efficiency))]
        for letter, r in mosaic.items()
    }
    assert 440 < peak_nm["B"] < 480
    assert 510 < peak_nm["G"] < 550
    assert peak_nm["R"] > 600
