"""A wrong facts file is refused with a message that names file and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fullwell import models
from fullwell.errors import InvalidFacts, MissingFile, OutOfRange, UnknownName
from fullwell.models.loader import FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of all facts files, to be spoilt."""
    shutil.copytree(FOLDER, tmp_path / "models", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "models"


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_all_models_load_and_say_who_they_are() -> None:
    assert models.keys() == ("qhy268m-pro", "qhy42-pro", "qhy600-pro", "qhy600c-pro")
    names = models.keys()
    assert tuple(models.load(name).key for name in names) == names


def test_facts_are_read_once() -> None:
    assert models.load("qhy600-pro") is models.load("qhy600-pro")


def test_an_unknown_model_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'qhy600-pro'"):
        models.load("qhy60-pro")


SPOILT = [
    ("pixel_size_um = 3.76", "pixel_size = 3.76", r"sensor\.geometry\.pixel_size_um is missing"),
    ("prnu_fraction = 0.006", "prnu_fraction = 0.006\ncolour = 1", r"unknown entry sensor\.colour"),
    (
        "prnu_fraction = 0.006",
        'prnu_fraction = "little"',
        r"sensor\.prnu_fraction must be a number, not 'little'",
    ),
    ("prnu_fraction = 0.006", "prnu_fraction = nan", r"sensor\.prnu_fraction must be a number"),
    ("prnu_fraction = 0.006", "prnu_fraction = true", r"sensor\.prnu_fraction must be a number, not True"),
    ("prnu_fraction = 0.006", "prnu_fraction = 6", r"sensor\.prnu_fraction of 6 is outside 0 to 0\.1"),
    ("total_width_px = 9600", "total_width_px = 9600.5", r"total_width_px must be a whole number, not 9600\.5"),
    ("effective_px = [24, 0, 9576, 6388]", "effective_px = [25, 0, 9576, 6388]", r"effective_px of \[25, 0"),
    ("effective_px = [24, 0, 9576, 6388]", "effective_px = [24, 0, 9576]", r"effective_px must be \[left, top"),
    ("effective_px = [24, 0, 9576, 6388]", "effective_px = [23, 0, 9576, 6388]", r"another window overlaps"),
    ("blank_px = [[22, 0, 2, 6422]]", "blank_px = [[22, 0, 1, 6422]]", r"leave pixels of the sensor"),
    ("temperature_c = [-20, -10,", "temperature_c = [-10, -20,", r"sensor\.dark\.temperature_c must ascend"),
    ("rate_e_per_s = [0.0022,", "rate_e_per_s = [", r"rate_e_per_s has 5 items, temperature_c has 6"),
    ("rate_e_per_s = [0.0022,", "rate_e_per_s = [-0.0022,", r"rate_e_per_s of -0\.0022 is outside"),
    ("percentiles = [0, 5,", "percentiles = [1, 5,", r"telegraph\.percentiles must begin with 0"),
    ("no_jump = [0.30,", "no_jump = [0.50,", r"telegraph\.no_jump must not descend"),
    ("0.91, 1.0, 1.11", "0.91, 1.01, 1.11", r"read_noise_spread\.ratio must be 1 at quantile 0\.5"),
    ('standard = "response/imx455-standard.csv"', "", r"sensor\.coating must name at least one"),
    ("default_mode = 0", "default_mode = 8", r"default_mode of 8 is not the number of a mode"),
    ("power_w = [13.8, 20.0, 40.0]", "power_w = [13.8, 40.0]", r"cooling\.power_w needs three items"),
    ("high = 3600", "high = 0.5", r"control\.exposure_s\.default of 1 is outside 4e-05 to 0\.5"),
    ('links = ["usb3", "fibre"]', 'links = ["usb2"]', r"mode\[0\]\.links names \['usb2'\]: no such link"),
    ("number = 1\n", "number = 2\n", r"mode must be numbered 0, 1, 2"),
    ('name = "High Gain"', 'name = "Photographic DSO"', r"mode has two entries of the same name"),
    ("speed_factor = [1.0]", "speed_factor = [1.0, 2.0]", r"speed_factor needs one item for each value of speed"),
    ("rows = 6422", "rows = 6423", r"rate\[0\] names a mode, link, depth or height"),
    ("samples = 1", "samples = 3", r"mode\[0\]\.samples of 3 is outside 1 to 2"),
    ("output_bits = [16, 8]", "output_bits = [16, 10]", r"mode\[0\]\.output_bits may hold \[8, 16\] only"),
    ("[[mode.chain]]", "[[mode.chains]]", r"mode\[0\]\.chain must be given once or twice, not 0 times"),
    ("[[link]]", "[link]", r"not TOML"),
    ("wheel_slots = 7", "", r"wheel_slots is missing"),
]


@pytest.mark.parametrize(("old", "new", "message"), SPOILT, ids=[case[2][:50] for case in SPOILT])
def test_a_spoilt_facts_file_is_refused_by_name(folder: Path, old: str, new: str, message: str) -> None:
    file = folder / "qhy600-pro.toml"
    spoil(file, old, new)
    with pytest.raises(InvalidFacts, match=message) as caught:
        models.load_file(file)
    assert "qhy600-pro.toml" in str(caught.value)


CURVE = "curves/imx455-high-gain.csv"
SPOILT_CSV = [
    (CURVE, "# ", "", r"columns are"),
    (CURVE, "gain_setting,e_per_dn", "gain,e_per_dn", r"columns are \['gain'"),
    (CURVE, "\n100,", "\n96,", r"gain_setting must ascend strictly"),
    (CURVE, "\n200,", "\n199,", r"ends at 0 and 199, the control allows 0 to 200"),
    (CURVE, ",0.0086,", ",0.9086,", r"e_per_dn must not rise with the gain"),
    (CURVE, ",0.0086,", ",-0.0086,", r"e_per_dn must be positive"),
    (CURVE, ",0.0086,", ",abc,", r"could not convert"),
    (CURVE, ",0.0086,", ",inf,", r"not finite"),
    (CURVE, ",0.0086,", ",", r"full rows|inhomogeneous"),
    ("response/imx455-standard.csv", "453,0.9", "453,1.9", r"quantum_efficiency must be 0 to 1"),
    ("response/imx455-standard.csv", "453,0.9", "425,0.9", r"wavelength_nm must ascend strictly"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), SPOILT_CSV)
def test_a_spoilt_curve_is_refused_by_name(folder: Path, name: str, old: str, new: str, message: str) -> None:
    spoil(folder / name, old, new)
    with pytest.raises(InvalidFacts, match=message) as caught:
        models.load_file(folder / "qhy600-pro.toml")
    assert Path(name).name in str(caught.value)


def test_a_curve_without_source_is_refused(folder: Path) -> None:
    curve = folder / CURVE
    curve.write_text("\n".join(line for line in curve.read_text().splitlines() if not line.startswith("#")))
    with pytest.raises(InvalidFacts, match=r"imx455-high-gain\.csv: no source"):
        models.load_file(folder / "qhy600-pro.toml")


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / CURVE).unlink()
    with pytest.raises(MissingFile, match=r"imx455-high-gain\.csv"):
        models.load_file(folder / "qhy600-pro.toml")
    with pytest.raises(MissingFile, match=r"nowhere\.toml"):
        models.load_file(folder / "nowhere.toml")


def test_a_variant_changes_only_what_it_names(folder: Path) -> None:
    variant = folder / "mine.toml"
    variant.write_text('based_on = "qhy600-pro"\nname = "Mine"\n[cooling]\nsettle_s = 90\n')
    mine, base = models.load_file(variant), models.load("qhy600-pro")
    assert (mine.key, mine.name, mine.sdk_name) == ("mine", "Mine", base.sdk_name)
    assert (mine.cooling.settle_s, mine.cooling.power_w) == (90, base.cooling.power_w)
    assert mine.statements == base.statements


def test_the_colour_variant_differs_in_the_mosaic_alone() -> None:
    mono, colour = models.load("qhy600-pro"), models.load("qhy600c-pro")
    assert (mono.sensor.bayer, colour.sensor.bayer) == (None, "RGGB")
    assert set(colour.sensor.mosaic) == set("RGB")
    assert colour.sensor.geometry == mono.sensor.geometry
    assert colour.printed_rates == mono.printed_rates


def test_curves_cannot_be_changed_by_their_users() -> None:
    curve = models.load("qhy600-pro").modes[0].chains[0].curve
    with pytest.raises(ValueError, match="read-only"):
        curve.e_per_dn[0] = 1.0


def test_a_gain_beyond_the_curve_is_refused() -> None:
    curve = models.load("qhy600-pro").modes[0].chains[0].curve
    with pytest.raises(OutOfRange, match=r"gain of 201 is outside 0 to 200"):
        curve.at(201)


def test_modes_are_found_by_number_and_by_name_in_any_case() -> None:
    model = models.load("qhy268m-pro")
    assert model.mode("high gain") is model.mode(1) is model.mode("1")
    with pytest.raises(UnknownName, match="2CMS"):
        model.mode("High Gain 2CM")


@pytest.mark.parametrize("key", models.keys())
def test_windows_cover_the_sensor_without_overlap(key: str) -> None:
    geometry = models.load(key).sensor.geometry
    count = np.zeros((geometry.total_height, geometry.total_width), np.uint8)
    for window in (geometry.effective, *geometry.optical_black, *geometry.overscan, *geometry.blank):
        count[window.top : window.bottom, window.left : window.right] += 1
    assert (count == 1).all()
