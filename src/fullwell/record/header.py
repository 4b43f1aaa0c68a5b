"""The header of a frame as data: keyword, value, comment, section by section. Knows nothing of files.

``docs/decisions/0008-files.md`` tells which convention each keyword follows.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Final, NamedTuple, TypeAlias

import fullwell
from fullwell.camera.frame import Frame, FrameFormat, Overlay, Settings
from fullwell.camera.words import word_meanings
from fullwell.errors import InvalidValue
from fullwell.record.section import Section, fits_section, in_file, on_sensor
from fullwell.record.timecards import time_cards

Value: TypeAlias = str | bool | int | float

CLIENT_MAY_REPLACE: Final = frozenset({"OBJECT", "FILTER", "IMAGETYP"})
STRUCTURE: Final = frozenset(
    {"SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "EXTEND", "BSCALE", "BZERO"}
    | {"CHECKSUM", "DATASUM", "END", "COMMENT", "HISTORY", "CONTINUE", ""}
)


class Card(NamedTuple):
    """One line of a header.

    Attributes
    ----------
    keyword : str
        At most 8 characters; "HISTORY" for free text.
    value : str, bool, int or float
    comment : str
        With the unit in brackets, as FITS wants it.
    """

    keyword: str
    value: Value
    comment: str = ""


def header(frame: Frame) -> tuple[Card, ...]:
    """All cards of a frame beyond those that describe the array itself.

    Parameters
    ----------
    frame : Frame
        The picture with what is known of it.

    Returns
    -------
    tuple of Card
        Numbers that nobody knows are left out, never guessed.

    Raises
    ------
    InvalidValue
        If a card that the client adds has an impossible keyword or value, or would contradict the camera.
    """
    cards = [
        *_camera(frame),
        *_settings(frame),
        *_words(frame),
        *_temperatures(frame),
        *(Card(*line) for line in time_cards(frame)),
        *_geometry(frame),
        *_target(frame),
        *_sky(frame),
        *_provenance(frame),
    ]
    known = [card for card in cards if _is_known(card.value)]
    return (*_with_extra(known, frame), *_disobedience(frame), *_doubts(frame), *_alarms(frame))


def _is_known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _camera(frame: Frame) -> Iterator[Card]:
    model, identity, settings = frame.model, frame.identity, frame.report.settings
    yield Card("INSTRUME", model.name, "camera")
    yield Card("CAMERAID", identity.id, "this very camera")
    yield Card("DETECTOR", model.sensor.name, f"{model.sensor.maker}, {model.sensor.illumination}")
    yield Card("BACKEND", identity.backend, "twin = simulated, qhyccd = real camera")
    if identity.firmware:
        yield Card("FIRMWARE", identity.firmware, "firmware of the camera")
    if identity.fpga:
        yield Card("FPGAVERS", identity.fpga, "FPGA version of the camera")
    yield Card("LINK", settings.link, "cable between camera and computer")


def _settings(frame: Frame) -> Iterator[Card]:
    settings, timing = frame.report.settings, frame.report.timing
    exposure_s = timing.exposure_ns / 1e9
    yield Card("EXPTIME", exposure_s, "[s] exposure of each row, as done")
    yield Card("EXPOSURE", exposure_s, "[s] exposure of each row, as done")
    yield Card("READOUTM", frame.model.mode(settings.mode).name, "read mode")
    yield Card("READMODE", settings.mode, "number of the read mode")
    yield Card("GAIN", settings.gain, "gain setting (the vendor's knob)")
    yield Card("OFFSET", settings.offset, "offset setting (the vendor's knob)")
    yield Card("USBTRAF", settings.usb_traffic, "USB traffic setting")
    if frame.model.speed.low != frame.model.speed.high:
        yield Card("SPEED", settings.speed, "speed setting")
    yield Card("ANTIGLOW", settings.anti_glow, "anti-glow control")
    yield Card("RTNSUPP", settings.telegraph_suppression, "telegraph noise suppression")
    yield Card("GPSSTAMP", settings.gps, "first pixels overwritten by the GPS stamp")
    if settings.overlay is not Overlay.NONE:
        yield Card("OVERLAY", str(settings.overlay), "text in the picture: raw pixels are altered")
    if settings.anti_rbi:
        yield Card("ANTIRBI", True, "sensor flushed before each live frame")


def _words(frame: Frame) -> Iterator[Card]:
    settings = frame.report.settings
    meanings = word_meanings(frame.model, settings)
    yield Card("BITSPIX", settings.format.bits, "[bit] depth of the words before binning")
    if settings.format.bin > 1:
        yield Card("SUMBITS", settings.format.nominal_bits, "[bit] nominal depth of the binned sums")
    yield Card("ADCBITS", meanings[0].adc_bits, "[bit] depth of the converter")
    yield Card("NCHAINS", len(meanings), "images of the same pixels side by side")
    for index, meaning in enumerate(meanings):
        what = "as in this file" if index == 0 else f"{meaning.chain}, as in this file"
        for (first, later), value, comment in (
            (("EGAIN", "EGAIN"), meaning.e_per_dn, f"[electron/adu] {what}"),
            (("RDNOISE", "RDNOISE"), meaning.read_noise_median_e, "[electron] read noise, median of pixels"),
            (("RDNOISER", "RDNOISR"), meaning.read_noise_rms_e, "[electron] read noise, rms of pixels"),
            (("FULLWELL", "FULLWEL"), meaning.full_well_e, "[electron] largest mean signal"),
            (("BIASLVL", "BIASLVL"), meaning.bias_dn, "[adu] expected level without light"),
            (("SATURATE", "SATURAT"), meaning.saturation_dn, "[adu] the response ends here"),
        ):
            yield Card(f"{later}{index + 1}" if index else first, value, comment)
    yield Card("DATAMAX", max(meaning.rail_dn for meaning in meanings), "[adu] largest possible word")
    yield Card("BUNIT", "adu", "counts, true raw")


def _temperatures(frame: Frame) -> Iterator[Card]:
    readings = frame.report.readings
    known = (
        ("CCD-TEMP", readings.sensor_temperature_c, "[Celsius] sensor"),
        ("SET-TEMP", readings.target_temperature_c, "[Celsius] target of the cooler"),
        ("COOLPOWR", readings.cooler_power_percent, "[%] cooler power"),
        ("AMBTEMP", readings.ambient_temperature_c, "[Celsius] air round the camera"),
        ("CHAMBHUM", readings.humidity_percent, "[%] relative humidity in the chamber"),
        ("CHAMBPRS", readings.pressure_hpa, "[hPa] pressure in the chamber"),
    )
    for keyword, value, comment in known:
        if value is not None:
            yield Card(keyword, float(value), comment)


def _geometry(frame: Frame) -> Iterator[Card]:
    form, geometry = frame.report.settings.format, frame.model.sensor.geometry
    section, read = Section.of(form, geometry), on_sensor(form, geometry)
    pitch_um = geometry.pixel_size_um
    for keyword, of in (("XBINNING", "columns"), ("YBINNING", "rows")):
        yield Card(keyword, form.bin, f"{of} summed into one")
    for keyword in ("XPIXSZ", "YPIXSZ"):
        yield Card(keyword, round(pitch_um * form.bin, 6), "[um] pixel size, binning included")
    for keyword in ("PIXSIZE1", "PIXSIZE2"):
        yield Card(keyword, pitch_um, "[um] pixel size of the sensor")
    yield Card("XORGSUBF", _whole(section.left / form.bin), "first column in binned px, from 0")
    yield Card("YORGSUBF", _whole(section.top / form.bin), "first row in binned px, from 0")
    yield Card("DETSIZE", f"[1:{geometry.total_width},1:{geometry.total_height}]", "whole sensor, unbinned")
    yield Card("DETSEC", fits_section(read), "this window on it, unbinned")
    yield from _areas(frame, form)
    mosaic = section.bayer(frame.model.sensor.bayer)
    if mosaic is not None:
        yield Card("BAYERPAT", mosaic, "mosaic from the first pixel, row-wise")
        yield Card("XBAYROFF", 0, "BAYERPAT begins at the first column")
        yield Card("YBAYROFF", 0, "BAYERPAT begins at the first row")
    yield Card("ROWORDER", "TOP-DOWN", "first row of the file is the top of the image")


def _areas(frame: Frame, form: FrameFormat) -> Iterator[Card]:
    """Sections that only a read-out with overscan has."""
    if not form.overscan:
        return
    geometry = frame.model.sensor.geometry
    areas = (
        ("DATASEC", "", (geometry.effective,), "light-sensitive px of this file"),
        ("BIASSEC", "overscan", geometry.overscan, "overscan px of this file"),
        ("OBSEC", "optical black", geometry.optical_black, "optically black px of this file"),
    )
    for keyword, _, windows, comment in areas:
        inside = [part for area in windows if (part := in_file(area, form, geometry)) is not None]
        for index, part in enumerate(inside):
            yield Card(f"{keyword}{index + 1 if index else ''}", fits_section(part), comment)


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _target(frame: Frame) -> Iterator[Card]:
    seen = frame.report.observation
    yield Card("IMAGETYP", "LIGHT", "kind of frame")
    if seen.object_name:
        yield Card("OBJECT", seen.object_name, "what was pointed at")
    yield Card("FILTER", seen.filter_name or "none", "filter in the light path")
    if seen.focal_length_mm is not None:
        yield Card("FOCALLEN", seen.focal_length_mm, "[mm] focal length of the telescope")
    if seen.aperture_mm is not None:
        yield Card("APTDIA", seen.aperture_mm, "[mm] aperture of the telescope")
        if seen.focal_length_mm is not None:
            yield Card("FOCRATIO", round(seen.focal_length_mm / seen.aperture_mm, 4), "focal ratio")


def _sky(frame: Frame) -> Iterator[Card]:
    seen = frame.report.observation
    if seen.ra_deg is None or seen.dec_deg is None:
        return
    yield Card("RADESYS", "ICRS", "frame of the coordinates")
    yield Card("EQUINOX", 2000.0, "[yr] equinox of the coordinates")
    yield Card("RA", seen.ra_deg, "[deg] right ascension, centre of the sensor")
    yield Card("DEC", seen.dec_deg, "[deg] declination, centre of the sensor")
    section = Section.of(frame.report.settings.format, frame.model.sensor.geometry)
    crpix, cd_deg = section.crpix(seen), section.cd_deg(seen)
    if crpix is None or cd_deg is None:
        return
    yield Card("WCSAXES", 2, "axes of the world coordinates")
    for axis, (name, value, at) in enumerate(
        (("RA---TAN", seen.ra_deg, crpix[0]), ("DEC--TAN", seen.dec_deg, crpix[1])), start=1
    ):
        yield Card(f"CTYPE{axis}", name, "tangential projection")
        yield Card(f"CUNIT{axis}", "deg", "unit of the axis")
        yield Card(f"CRVAL{axis}", value, "[deg] at the reference pixel")
        yield Card(f"CRPIX{axis}", at, "reference pixel of this file")
    for row in (0, 1):
        for column in (0, 1):
            yield Card(f"CD{row + 1}_{column + 1}", cd_deg[row][column] + 0.0, "[deg] per pixel of this file")


def _provenance(frame: Frame) -> Iterator[Card]:
    yield Card("FRAMENUM", frame.number, "number since the camera was opened, from 1")
    yield Card("SEQUENCE", frame.report.sequence, "frame counter of the camera, from 0")
    if frame.identity.seed is not None:
        yield Card("SEED", frame.identity.seed, "of the simulated camera")
    version = f"fullwell {fullwell.__version__}"
    yield Card("SWCREATE", version, "program that took the frame")
    yield Card("CREATOR", version, "program that wrote the file")


def _disobedience(frame: Frame) -> Iterator[Card]:
    """What was asked for and not done, setting by setting."""
    for name, asked, used in _differences(frame.asked, frame.report.settings):
        yield Card("HISTORY", f"asked for {name} {asked}, the camera used {used}")


def _doubts(frame: Frame) -> Iterator[Card]:
    """What speaks against the pixels."""
    for doubt in frame.doubts:
        yield Card("HISTORY", f"doubt: {doubt}")


def _alarms(frame: Frame) -> Iterator[Card]:
    """What was wrong with the camera while the frame was taken."""
    for alarm in frame.alarms:
        yield Card("HISTORY", f"alarm: {alarm.kind}: {alarm.text}")


def _differences(asked: Settings, used: Settings) -> Iterator[tuple[str, object, object]]:
    for entry in fields(Settings):
        pair = getattr(asked, entry.name), getattr(used, entry.name)
        if pair[0] == pair[1]:
            continue
        if entry.name == "format":
            for part in fields(FrameFormat):
                inner = getattr(pair[0], part.name), getattr(pair[1], part.name)
                if inner[0] != inner[1]:
                    yield part.name, *inner
        else:
            yield entry.name, *pair


def _with_extra(cards: list[Card], frame: Frame) -> list[Card]:
    """The cards with those of the client, which may add to what the camera says but not contradict it."""
    taken = {card.keyword: index for index, card in enumerate(cards)}
    result = list(cards)
    for name, value in frame.extra.items():
        card = _client_card(name, value)
        if card.keyword in STRUCTURE or (card.keyword in taken and card.keyword not in CLIENT_MAY_REPLACE):
            raise InvalidValue(
                f"the header card {card.keyword} is the camera's own.",
                "Choose another keyword; a client may replace " + ", ".join(sorted(CLIENT_MAY_REPLACE)) + ".",
            )
        if card.keyword in taken:
            place = taken[card.keyword]
            result[place] = card._replace(comment=result[place].comment)
        else:
            result.append(card)
    return result


def _client_card(name: str, value: object) -> Card:
    keyword = name.upper()
    if not 1 <= len(keyword) <= 8 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in keyword):
        raise InvalidValue(
            f"{name!r} cannot be a header keyword.",
            "Use 1 to 8 characters from A to Z, 0 to 9, hyphen and underscore.",
        )
    if not isinstance(value, Value) or not _is_known(value):
        raise InvalidValue(
            f"the header card {keyword} cannot hold {value!r}.",
            "Give a text, a finite number, or true or false.",
        )
    return Card(keyword, value)


def in_ascii(cards: Iterable[Card]) -> tuple[Card, ...]:
    """The cards with all text in printable ASCII, as FITS demands; a HISTORY card tells of each change.

    Examples
    --------
    >>> for card in in_ascii([Card("OBJECT", "Große Wolke")]):
    ...     print(card.keyword, card.value)
    OBJECT Gro?e Wolke
    HISTORY OBJECT held characters that FITS does not allow
    """
    clean: list[Card] = []
    notes: list[Card] = []
    for card in cards:
        if isinstance(card.value, str) and (plain := plain_ascii(card.value)) != card.value:
            notes.append(Card("HISTORY", f"{card.keyword} held characters that FITS does not allow"))
            clean.append(card._replace(value=plain))
        else:
            clean.append(card)
    return (*clean, *notes)


def plain_ascii(text: str) -> str:
    """A text in printable ASCII: accents are dropped, other characters become question marks.

    Examples
    --------
    >>> plain_ascii("γ Cassiopeiæ, Méchain")
    '? Cassiopei?, Mechain'
    """
    letters = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in letters)
