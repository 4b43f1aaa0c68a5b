"""From facts files to `CameraModel`: reads ``<key>.toml`` and the CSV files it names, and checks every entry."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fullwell.errors import InvalidFacts, UnknownName
from fullwell.models.body_facts import read_chamber, read_thermal
from fullwell.models.connector import read_connector
from fullwell.models.facts import (
    Banding,
    Burst,
    CameraModel,
    Chain,
    Cooling,
    Dark,
    GainCurve,
    Geometry,
    Glow,
    Link,
    ModeTiming,
    NoiseSpread,
    PrintedRate,
    Range,
    ReadMode,
    Response,
    Sensor,
    ShutterSignal,
    Statement,
    Telegraph,
    Window,
)
from fullwell.models.power import read_power
from fullwell.models.tables import Table, merged, read_columns, read_toml

FOLDER = Path(__file__).parent
CURVE_COLUMNS = (
    "gain_setting",
    "e_per_dn",
    "read_noise_median_e",
    "gaussian_median_e",
    "read_noise_rms_e",
    "full_well_e",
)
SHUTTER_SIGNALS = ("vsync", "exposure")
BAYER_PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")


def keys() -> tuple[str, ...]:
    """Names of all camera models there are facts for.

    Examples
    --------
    >>> from fullwell import models
    >>> models.keys()
    ('qhy268m-pro', 'qhy42-pro', 'qhy600-pro', 'qhy600c-pro')
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def load(key: str) -> CameraModel:
    """All facts of one camera.

    Parameters
    ----------
    key : str
        One of `keys`.

    Raises
    ------
    UnknownName
        If there is no such camera.
    InvalidFacts
        If a facts file has a missing, unknown or impossible entry.

    Examples
    --------
    >>> from fullwell import models
    >>> camera = models.load("qhy600-pro")
    >>> camera.name, camera.sensor.name, camera.sensor.geometry.effective.width
    ('QHY600 Pro', 'IMX455', 9576)
    >>> camera.mode("High Gain").chains[0].curve.at(56).read_noise_median_e < 2
    True
    """
    if key not in keys():
        raise UnknownName("camera model", key, keys())
    return load_file(FOLDER / f"{key}.toml")


def load_file(path: Path) -> CameraModel:
    """All facts of one camera from a file of one's own; CSV files are looked for beside it.

    Parameters
    ----------
    path : Path
        A TOML file. With an entry ``based_on`` it changes only some facts of the model named there, whose file
        lies in the same folder; its statements are added to those of the base.

    Raises
    ------
    MissingFile, InvalidFacts
        If a file is missing, or has a missing, unknown or impossible entry.
    """
    return _model(Table(facts_of(path), path.name), path)


def facts_of(path: Path) -> dict[str, Any]:
    """The entries of a facts file as they stand, those of the file it is based on included."""
    entries = read_toml(path)
    based_on = entries.pop("based_on", None)
    if based_on is None:
        return entries
    base = facts_of(path.with_name(f"{based_on}.toml"))
    both = merged(base, entries)
    for key in ("statement", "assumed"):
        own = entries.get(key, [])
        replaced = {item.get("field") for item in own}
        both[key] = [item for item in base.get(key, []) if item.get("field") not in replaced] + own
    return both


def _model(top: Table, path: Path) -> CameraModel:
    sensor = _sensor(top.table("sensor"), path.parent)
    controls = top.table("control")
    offset_law = top.table("offset_law")
    gain = _range(controls.table("gain"))
    offset = _range(controls.table("offset"))
    model = CameraModel(
        key=path.stem,
        name=top.text("name"),
        sdk_name=top.text("sdk_name"),
        sensor=sensor,
        modes=tuple(_mode(table, path.parent, gain) for table in top.tables("mode")),
        default_mode=top.integer("default_mode", 0),
        exposure_s=_range(controls.table("exposure_s"), low=1e-9),
        gain=gain,
        offset=offset,
        usb_traffic=_range(controls.table("usb_traffic")),
        speed=_range(controls.table("speed")),
        temperature_c=_range(controls.table("temperature_c")),
        offset_dn_per_step=offset_law.number("dn16_per_step", 0),
        offset_dn_zero=offset_law.number("dn16_at_zero"),
        bins=top.integers("bins", 1, 16),
        shutter_signal=_shutter_signal(top.table("shutter_signal")),
        links=tuple(_link(table) for table in top.tables("link")),
        cooling=_cooling(top.table("cooling")),
        buffer_bytes=top.integer("buffer_bytes", 0),
        wheel_slots=top.integer("wheel_slots", 0, 16),
        printed_rates=tuple(_rate(table) for table in top.tables("rate")),
        statements=_statements(top),
        connector=read_connector(top.table("connector")) if "connector" in top else None,
        burst=_burst(top.table("burst")) if "burst" in top else None,
        power=read_power(top.table("power")) if "power" in top else None,
        thermal=read_thermal(top.table("thermal")) if "thermal" in top else None,
        chamber=read_chamber(top.table("chamber")) if "chamber" in top else None,
    )
    controls.finish()
    offset_law.finish()
    top.finish()
    _check_references(model, top)
    return model


def _check_references(model: CameraModel, top: Table) -> None:
    """Modes, links and ranges must fit together."""
    if not model.links:
        raise top.wrong("link", "is missing")
    if [mode.number for mode in model.modes] != list(range(len(model.modes))) or not model.modes:
        raise top.wrong("mode", "must be numbered 0, 1, 2 ... in order")
    if len({mode.name.casefold() for mode in model.modes}) != len(model.modes):
        raise top.wrong("mode", "has two entries of the same name")
    if model.default_mode >= len(model.modes):
        raise top.wrong("default_mode", f"of {model.default_mode} is not the number of a mode")
    links = {link.name for link in model.links}
    for mode in model.modes:
        if not set(mode.links) <= links:
            raise top.wrong(
                f"mode[{mode.number}].links", f"names {sorted(set(mode.links) - links)}: no such link"
            )
        if len(mode.timing.speed_factor) != int(model.speed.high) + 1:
            raise top.wrong(f"mode[{mode.number}].timing.speed_factor", "needs one item for each value of speed")
    for i, rate in enumerate(model.printed_rates):
        mode_fits = rate.mode < len(model.modes) and (
            rate.link in model.modes[rate.mode].links
            and rate.output_bits in model.modes[rate.mode].output_bits
            and rate.rows <= model.sensor.geometry.total_height
        )
        if not mode_fits:
            raise top.wrong(f"rate[{i}]", "names a mode, link, depth or height that the camera does not have")


def _window(table: Table, key: str, within: Window) -> Window:
    return _as_window(table, key, table.integers(key, 0), within)


def _windows(table: Table, key: str, within: Window) -> tuple[Window, ...]:
    items = table.value(key)
    if not isinstance(items, list):
        raise table.wrong(key, "must be a list of windows")
    rows = Table({str(i): item for i, item in enumerate(items)}, table.file, table.name(key))
    return tuple(_window(rows, str(i), within) for i in range(len(items)))


def _as_window(table: Table, key: str, numbers: tuple[int, ...], within: Window) -> Window:
    if len(numbers) != 4 or numbers[2] < 1 or numbers[3] < 1:
        raise table.wrong(key, f"must be [left, top, width, height], not {list(numbers)}")
    window = Window(*numbers)
    if not within.contains(window):
        raise table.wrong(key, f"of {list(numbers)} is not inside the sensor's {within.width} x {within.height}")
    return window


def _geometry(table: Table) -> Geometry:
    total = Window(0, 0, table.integer("total_width_px", 1, 65535), table.integer("total_height_px", 1, 65535))
    geometry = Geometry(
        total_width=total.width,
        total_height=total.height,
        effective=_window(table, "effective_px", total),
        optical_black=_windows(table, "optical_black_px", total),
        overscan=_windows(table, "overscan_px", total),
        blank=_windows(table, "blank_px", total),
        pixel_size_um=table.number("pixel_size_um", 0.1, 100),
    )
    table.finish()
    windows = (geometry.effective, *geometry.optical_black, *geometry.overscan, *geometry.blank)
    for i, one in enumerate(windows):
        for other in windows[:i]:
            if (
                one.left < other.right
                and other.left < one.right
                and one.top < other.bottom
                and other.top < one.bottom
            ):
                raise table.wrong("effective_px", f"or another window overlaps: {one} and {other}")
    if sum(window.width * window.height for window in windows) != total.width * total.height:
        raise table.wrong("effective_px", "and the other windows leave pixels of the sensor without a kind")
    return geometry


def _response(path: Path, name: str) -> Response:
    columns, _ = read_columns(path, ("wavelength_nm", "quantum_efficiency"))
    wavelength, efficiency = columns["wavelength_nm"], columns["quantum_efficiency"]
    if (np.diff(wavelength) <= 0).any():
        raise InvalidFacts(f"{path.name}: wavelength_nm must ascend strictly.", "Correct the facts file.")
    if (efficiency < 0).any() or (efficiency > 1).any():
        raise InvalidFacts(f"{path.name}: quantum_efficiency must be 0 to 1.", "Correct the facts file.")
    return Response(name, tuple(map(float, wavelength)), tuple(map(float, efficiency)))


def _responses(table: Table, folder: Path) -> tuple[Response, ...]:
    return tuple(_response(folder / table.text(name), name) for name in table.entries)


def _sensor(table: Table, folder: Path) -> Sensor:
    coatings = _responses(table.table("coating"), folder)
    if not coatings:
        raise table.wrong("coating", "must name at least one file")
    bayer = table.optional_text("bayer")
    if bayer is not None and bayer not in BAYER_PATTERNS:
        raise table.wrong("bayer", f"must be one of {', '.join(BAYER_PATTERNS)}, not {bayer!r}")
    mosaic = {r.name: r for r in _responses(table.table("mosaic"), folder)} if "mosaic" in table else {}
    if set(mosaic) != set(bayer or ""):
        raise table.wrong("mosaic", "must hold one file for each letter of bayer")
    sensor = Sensor(
        name=table.text("name"),
        maker=table.text("maker"),
        illumination=table.text("illumination"),
        shutter=table.text("shutter"),
        bayer=bayer,
        geometry=_geometry(table.table("geometry")),
        coatings=coatings,
        mosaic=mosaic,
        prnu_fraction=table.number("prnu_fraction", 0, 0.1),
        neighbour_correlation=table.number("neighbour_correlation", 0, 0.1),
        nonlinearity_fraction=table.number("nonlinearity_fraction", 0, 0.1),
        dark=_dark(table.table("dark")),
        telegraph=_telegraph(table.table("telegraph")),
        read_noise_spread=_spread(table.table("read_noise_spread")),
        banding=_banding(table.table("banding")),
        glow=_glow(table.table("glow")),
        pixel_period_ps=table.integer("pixel_period_ps", low=1),
    )
    table.finish()
    return sensor


def _dark(table: Table) -> Dark:
    dark = Dark(
        temperature_c=table.ascending("temperature_c", -100, 60),
        rate_e_per_s=table.as_many("rate_e_per_s", "temperature_c", 1e-9),
        nonuniformity_fraction=table.number("nonuniformity_fraction", 0, 2),
        warm_fraction=table.number("warm_fraction", 0, 0.1),
        warm_rate_median_e_per_s=table.number("warm_rate_median_e_per_s", 0),
        warm_rate_sigma_dex=table.number("warm_rate_sigma_dex", 0, 2),
    )
    table.finish()
    return dark


def _telegraph(table: Table) -> Telegraph:
    telegraph = Telegraph(
        fraction=table.number("fraction", 0, 1),
        percentiles=table.ascending("percentiles", 0, 100),
        no_jump=table.as_many("no_jump", "percentiles", 0, 1),
        lower_share=table.as_many("lower_share", "percentiles", 0, 1),
        jump_e=table.as_many("jump_e", "percentiles", 0),
        suppressed_factor=table.number("suppressed_factor", 0, 1),
    )
    if telegraph.percentiles[0] != 0 or telegraph.percentiles[-1] != 100:
        raise table.wrong("percentiles", "must begin with 0 and end with 100")
    for key in ("no_jump", "lower_share", "jump_e"):
        values = getattr(telegraph, key)
        if any(b < a for a, b in pairwise(values)):
            raise table.wrong(key, "must not descend")
    table.finish()
    return telegraph


def _spread(table: Table) -> NoiseSpread:
    spread = NoiseSpread(table.ascending("quantiles", 0, 1), table.as_many("ratio", "quantiles", 0.01, 100))
    if spread.quantiles[0] != 0 or spread.quantiles[-1] != 1:
        raise table.wrong("quantiles", "must begin with 0 and end with 1")
    if any(b < a for a, b in pairwise(spread.ratio)):
        raise table.wrong("ratio", "must not descend")
    if abs(float(np.interp(0.5, spread.quantiles, spread.ratio)) - 1) > 1e-9:
        raise table.wrong("ratio", "must be 1 at quantile 0.5")
    table.finish()
    return spread


def _banding(table: Table) -> Banding:
    banding = Banding(
        row_noise_e=table.number("row_noise_e", 0),
        periodic_amplitude_e=table.number("periodic_amplitude_e", 0),
        periodic_frequency_hz=table.number("periodic_frequency_hz", 0),
        quiet_traffic=table.number("quiet_traffic", 0),
        traffic_width=table.number("traffic_width", 1e-3),
        column_noise_e=table.number("column_noise_e", 0),
    )
    table.finish()
    return banding


def _glow(table: Table) -> Glow:
    glow = Glow(
        rate_e_per_s=table.number("rate_e_per_s", 0),
        scale_px=table.number("scale_px", 1),
        column=table.number("column_fraction", 0, 1),
        row=table.number("row_fraction", 0, 1),
        anti_glow_factor=table.number("anti_glow_factor", 0, 1),
    )
    table.finish()
    return glow


def _curve(path: Path, gain: Range) -> GainCurve:
    columns, source = read_columns(path, CURVE_COLUMNS)
    setting = columns["gain_setting"]
    if (np.diff(setting) <= 0).any():
        raise InvalidFacts(f"{path.name}: gain_setting must ascend strictly.", "Correct the facts file.")
    if setting[0] > gain.low or setting[-1] < gain.high:
        raise InvalidFacts(
            f"{path.name}: gain_setting ends at {setting[0]:g} and {setting[-1]:g}, the control allows "
            f"{gain.low:g} to {gain.high:g}.",
            "Add the missing nodes.",
        )
    for name in CURVE_COLUMNS[1:]:
        if (columns[name] <= 0).any():
            raise InvalidFacts(f"{path.name}: {name} must be positive.", "Correct the facts file.")
    for name in ("e_per_dn", "full_well_e"):
        if (np.diff(columns[name]) > 0).any():
            raise InvalidFacts(f"{path.name}: {name} must not rise with the gain.", "Correct the facts file.")
    if (columns["gaussian_median_e"] > columns["read_noise_median_e"]).any():
        raise InvalidFacts(
            f"{path.name}: gaussian_median_e is a part of read_noise_median_e and cannot be larger.",
            "Derive the columns again.",
        )
    for values in columns.values():
        values.setflags(write=False)
    return GainCurve(**columns, source=source)


def _chain(table: Table, folder: Path, gain: Range) -> Chain:
    chain = Chain(
        name=table.text("name"),
        adc_bits=table.integer("adc_bits", 8, 16),
        pixel_well_e=table.number("pixel_well_e", 1),
        curve=_curve(folder / table.text("curve"), gain),
    )
    table.finish()
    return chain


def _timing(table: Table) -> ModeTiming:
    timing = ModeTiming(
        line_period_ns=table.number("line_period_ns", 1),
        line_period_per_traffic=table.number("line_period_per_traffic", 0),
        speed_factor=table.numbers("speed_factor", 0.01),
        rows_per_step=table.integer("rows_per_step", 1, 2),
        blanking_lines=table.number("blanking_lines", 0),
        short_word_factor=table.number("short_word_factor", 0.01, 1),
        end_offset_lines=table.number("end_offset_lines"),
        end_offset_us=table.number("end_offset_us"),
    )
    table.finish()
    return timing


def _mode(table: Table, folder: Path, gain: Range) -> ReadMode:
    mode = ReadMode(
        number=table.integer("number", 0),
        name=table.text("name"),
        description=table.text("description"),
        sdk_index=table.optional_integer("sdk_index", 0),
        chains=tuple(_chain(chain, folder, gain) for chain in table.tables("chain")),
        samples=table.integer("samples", 1, 2),
        output_bits=table.integers("output_bits", 8, 16),
        links=table.texts("links"),
        timing=_timing(table.table("timing")),
    )
    if len(mode.chains) not in (1, 2):
        raise table.wrong("chain", f"must be given once or twice, not {len(mode.chains)} times")
    known_bits = {8, 16} | {chain.adc_bits for chain in mode.chains}
    if not set(mode.output_bits) <= known_bits:
        raise table.wrong("output_bits", f"may hold {sorted(known_bits)} only: 8, 16 or the ADC's own depth")
    table.finish()
    return mode


def _link(table: Table) -> Link:
    link = Link(
        name=table.text("name"),
        rate_bytes_per_s=table.number("rate_bytes_per_s", 1),
        frame_overhead_s=table.number("frame_overhead_s", 0),
        short_word_rate_bytes_per_s=table.number("short_word_rate_bytes_per_s", 1),
        short_word_overhead_s=table.number("short_word_overhead_s", 0),
        reach_m=table.number("reach_m", 0),
        extended_reach_m=table.number("extended_reach_m", 0),
    )
    table.finish()
    return link


def _shutter_signal(table: Table) -> ShutterSignal:
    kind = table.text("kind")
    if kind not in SHUTTER_SIGNALS:
        raise table.wrong("kind", f"must be one of {', '.join(SHUTTER_SIGNALS)}, not {kind!r}")
    signal = ShutterSignal(
        kind=kind,
        pulse_ns=table.integer("pulse_ns", 1 if kind == "vsync" else 0),
        stamp_bytes=table.integer("stamp_bytes", 44, 1024),
    )
    table.finish()
    return signal


def _range(table: Table, low: float = -1e12) -> Range:
    limits = Range(
        low=table.number("low", low),
        high=table.number("high"),
        step=table.number("step", 0),
        default=table.number("default"),
    )
    if not limits.low <= limits.default <= limits.high:
        raise table.wrong("default", f"of {limits.default:g} is outside {limits.low:g} to {limits.high:g}")
    table.finish()
    return limits


def _cooling(table: Table) -> Cooling:
    power = table.numbers("power_w", 0)
    if len(power) != 3:
        raise table.wrong("power_w", "needs three items, at 0, 50 and 100 % cooler power")
    cooling = Cooling(
        below_ambient_long_c=table.number("below_ambient_long_c", 0),
        below_ambient_fast_c=table.number("below_ambient_fast_c", 0),
        settle_s=table.number("settle_s", 0),
        power_w=(power[0], power[1], power[2]),
        below_ambient_liquid_c=(
            table.number("below_ambient_liquid_c", 0) if "below_ambient_liquid_c" in table else None
        ),
    )
    table.finish()
    return cooling


def _rate(table: Table) -> PrintedRate:
    rate = PrintedRate(
        mode=table.integer("mode", 0),
        link=table.text("link"),
        rows=table.integer("rows", 1),
        output_bits=table.integer("output_bits", 8, 16),
        usb_traffic=table.number("usb_traffic", 0),
        speed=table.number("speed", 0),
        frames_per_s=table.number("frames_per_s", 0.001),
        source=table.text("source"),
    )
    table.finish()
    return rate


def _burst(table: Table) -> Burst:
    burst = Burst(
        first_lost_links=table.texts("first_lost_links") if "first_lost_links" in table else (),
        late_from_exposure_s=table.number("late_from_exposure_s", 0.0)
        if "late_from_exposure_s" in table
        else None,
        sends_unasked=table.switch("sends_unasked"),
        resets_counter=table.switch("resets_counter"),
        anti_rbi=table.switch("anti_rbi"),
    )
    table.finish()
    return burst


def _statements(top: Table) -> tuple[Statement, ...]:
    statements = []
    for table in top.tables("statement"):
        statements.append(Statement(table.text("field"), table.text("text"), table.text("source"), False))
        table.finish()
    for table in top.tables("assumed"):
        statements.append(Statement(table.text("field"), table.text("text"), table.text("why"), True))
        table.finish()
    return tuple(statements)
