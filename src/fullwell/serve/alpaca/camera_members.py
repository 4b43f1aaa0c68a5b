"""ICameraV4, member by member."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fullwell.camera.controls import Control
from fullwell.errors import NotSupported
from fullwell.serve.alpaca.camera import AlpacaCamera
from fullwell.serve.alpaca.device import COMMON_MEMBERS
from fullwell.serve.alpaca.members import Kind, Member, Where, by_address
from fullwell.serve.alpaca.parameters import Parameter, boolean, integer, number


def utc_text(instant_ns: int) -> str:
    """UTC as FITS writes it, to the microsecond (cut, not rounded).

    Examples
    --------
    >>> utc_text(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123456'
    """
    seconds, ns = divmod(instant_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ns // 1000:06d}"


def _missing(why: str) -> Any:
    def refuse(camera: AlpacaCamera, *_: object) -> None:
        raise NotSupported(f"the {camera.camera.model.name} {why}.")

    return refuse


_C = AlpacaCamera
_GET, _PUT = "GET", "PUT"
_NAMED = "has no named gains or offsets: both are numbers, from GainMin and OffsetMin to GainMax and OffsetMax"
_NO_GUIDER = "has no guide port"
_NO_FAST = "has no fast readout; choose a ReadoutMode"
_NO_PARTS = "does not divide exposures"

CAMERA_MEMBERS: Final = (
    *COMMON_MEMBERS,
    # sensor
    Member("SensorName", _GET, Kind.TEXT, lambda c: c.camera.model.sensor.name, "Name of the chip."),
    Member(
        "SensorType",
        _GET,
        Kind.INTEGER,
        lambda c: 0 if c.camera.model.sensor.bayer is None else 2,
        "0 monochrome, 2 Bayer mosaic.",
    ),
    Member(
        "BayerOffsetX", _GET, Kind.INTEGER, lambda c: c.bayer_offset(0), "Column of the red pixel in the mosaic."
    ),
    Member(
        "BayerOffsetY", _GET, Kind.INTEGER, lambda c: c.bayer_offset(1), "Row of the red pixel in the mosaic."
    ),
    Member(
        "CameraXSize",
        _GET,
        Kind.INTEGER,
        lambda c: c.size_x,
        "Columns of a whole unbinned frame; twice the sensor's in modes that give two images side by side.",
    ),
    Member("CameraYSize", _GET, Kind.INTEGER, lambda c: c.size_y, "Rows of a whole unbinned frame."),
    Member(
        "PixelSizeX",
        _GET,
        Kind.NUMBER,
        lambda c: c.camera.model.sensor.geometry.pixel_size_um,
        "Pitch of unbinned columns, um.",
    ),
    Member(
        "PixelSizeY",
        _GET,
        Kind.NUMBER,
        lambda c: c.camera.model.sensor.geometry.pixel_size_um,
        "Pitch of unbinned rows, um.",
    ),
    Member(
        "ElectronsPerADU",
        _GET,
        Kind.NUMBER,
        _C.electrons_per_adu,
        "Electrons per delivered count at the present mode and gain; of the left image where there are two.",
    ),
    Member(
        "FullWellCapacity",
        _GET,
        Kind.NUMBER,
        _C.full_well_e,
        "Largest signal of a (binned) pixel at the present mode and gain, electrons.",
    ),
    Member(
        "MaxADU", _GET, Kind.INTEGER, _C.max_adu, "Largest count of a (binned) pixel at the present word depth."
    ),
    # what it can do
    Member("CanAbortExposure", _GET, Kind.BOOLEAN, lambda _: True, "Exposures can be abandoned."),
    Member("CanStopExposure", _GET, Kind.BOOLEAN, lambda _: True, "Exposures can be ended early and kept."),
    Member("CanAsymmetricBin", _GET, Kind.BOOLEAN, lambda _: False, "Binning is the same both ways."),
    Member("CanFastReadout", _GET, Kind.BOOLEAN, lambda _: False, "Read modes take its place."),
    Member(
        "CanGetCoolerPower",
        _GET,
        Kind.BOOLEAN,
        lambda c: c.has(Control.COOLER_POWER_PERCENT),
        "Whether CoolerPower can be read.",
    ),
    Member("CanPulseGuide", _GET, Kind.BOOLEAN, lambda _: False, "There is no guide port."),
    Member(
        "CanSetCCDTemperature",
        _GET,
        Kind.BOOLEAN,
        lambda c: c.has(Control.TARGET_TEMPERATURE_C),
        "Whether the cooler regulates.",
    ),
    Member(
        "HasShutter",
        _GET,
        Kind.BOOLEAN,
        lambda _: False,
        "No mechanical shutter: cover the telescope for dark frames.",
    ),
    # region and binning
    Member("BinX", _GET, Kind.INTEGER, lambda c: c.binning, "Binning; counts are added up exactly."),
    Member("BinY", _GET, Kind.INTEGER, lambda c: c.binning, "The same as BinX."),
    Member("BinX", _PUT, Kind.NOTHING, _C.set_binning, "Sets BinX and BinY.", (Parameter("BinX", integer),)),
    Member("BinY", _PUT, Kind.NOTHING, _C.set_binning, "Sets BinX and BinY.", (Parameter("BinY", integer),)),
    Member("MaxBinX", _GET, Kind.INTEGER, lambda c: max(c.camera.model.bins), "Largest binning."),
    Member("MaxBinY", _GET, Kind.INTEGER, lambda c: max(c.camera.model.bins), "Largest binning."),
    *(
        member
        for name, field, meaning in (
            ("StartX", "start_x", "First column of the region, binned pixels."),
            ("StartY", "start_y", "First row of the region, binned pixels."),
            ("NumX", "num_x", "Columns of the region, binned pixels."),
            ("NumY", "num_y", "Rows of the region, binned pixels."),
        )
        for member in (
            Member(name, _GET, Kind.INTEGER, lambda c, field=field: getattr(c, field), meaning),
            Member(
                name,
                _PUT,
                Kind.NOTHING,
                lambda c, value, field=field: c.set_region(field, value),
                f"{meaning} Checked at StartExposure.",
                (Parameter(name, integer),),
            ),
        )
    ),
    # gain, offset, mode
    Member("Gain", _GET, Kind.INTEGER, lambda c: c.camera.settings.gain, "The vendor's gain knob."),
    Member(
        "Gain",
        _PUT,
        Kind.NOTHING,
        _C.set_gain,
        "Sets the vendor's gain knob.",
        (Parameter("Gain", integer),),
        Where.WORKER,
    ),
    Member("GainMin", _GET, Kind.INTEGER, lambda c: c.gain_limits()[0], "Smallest Gain."),
    Member("GainMax", _GET, Kind.INTEGER, lambda c: c.gain_limits()[1], "Largest Gain."),
    Member("Gains", _GET, Kind.LIST, _missing(_NAMED), "Not supported: gain is a number."),
    Member("Offset", _GET, Kind.INTEGER, lambda c: c.camera.settings.offset, "The vendor's offset knob."),
    Member(
        "Offset",
        _PUT,
        Kind.NOTHING,
        _C.set_offset,
        "Sets the vendor's offset knob.",
        (Parameter("Offset", integer),),
        Where.WORKER,
    ),
    Member("OffsetMin", _GET, Kind.INTEGER, lambda c: int(c.camera.model.offset.low), "Smallest Offset."),
    Member("OffsetMax", _GET, Kind.INTEGER, lambda c: int(c.camera.model.offset.high), "Largest Offset."),
    Member("Offsets", _GET, Kind.LIST, _missing(_NAMED), "Not supported: offset is a number."),
    Member("ReadoutModes", _GET, Kind.LIST, lambda c: [m.name for m in c.modes()], "Names of the read modes."),
    Member("ReadoutMode", _GET, Kind.INTEGER, _C.readout_mode, "Place of the present one in ReadoutModes."),
    Member(
        "ReadoutMode",
        _PUT,
        Kind.NOTHING,
        _C.set_readout_mode,
        "Chooses a read mode; gain and offset stay.",
        (Parameter("ReadoutMode", integer),),
        Where.WORKER,
    ),
    Member("FastReadout", _GET, Kind.BOOLEAN, _missing(_NO_FAST), "Not supported."),
    Member(
        "FastReadout",
        _PUT,
        Kind.NOTHING,
        _missing(_NO_FAST),
        "Not supported.",
        (Parameter("FastReadout", boolean),),
    ),
    # exposures
    Member("ExposureMin", _GET, Kind.NUMBER, lambda c: c.camera.model.exposure_s.low, "Shortest exposure, s."),
    Member("ExposureMax", _GET, Kind.NUMBER, lambda c: c.camera.model.exposure_s.high, "Longest exposure, s."),
    Member(
        "ExposureResolution",
        _GET,
        Kind.NUMBER,
        lambda c: c.camera.model.exposure_s.step,
        "Smallest step of the exposure time, s.",
    ),
    Member(
        "StartExposure",
        _PUT,
        Kind.NOTHING,
        _C.start_exposure,
        "Begins an exposure and returns. Light is noted only, there is no shutter.",
        (Parameter("Duration", number), Parameter("Light", boolean)),
        Where.TASK,
    ),
    Member(
        "StopExposure", _PUT, Kind.NOTHING, _C.stop_exposure, "Ends it early, keeps the image.", where=Where.TASK
    ),
    Member("AbortExposure", _PUT, Kind.NOTHING, _C.abort_exposure, "Ends it, drops the image.", where=Where.TASK),
    Member(
        "CameraState",
        _GET,
        Kind.INTEGER,
        _C.state,
        "0 idle, 1 waiting, 2 exposing, 3 reading, 4 download, 5 error.",
    ),
    Member("PercentCompleted", _GET, Kind.INTEGER, _C.percent_completed, "Progress of the exposure, %."),
    Member("ImageReady", _GET, Kind.BOOLEAN, lambda c: c.exposure.ready(), "An image can be fetched."),
    Member("ImageArray", _GET, Kind.IMAGE, _C.image, "The image, [x][y]."),
    Member("ImageArrayVariant", _GET, Kind.IMAGE, _C.image, "The same as ImageArray."),
    Member(
        "LastExposureDuration",
        _GET,
        Kind.NUMBER,
        lambda c: c.last_exposure()[0],
        "What the sensor did, s; shorter than asked for after StopExposure.",
    ),
    Member(
        "LastExposureStartTime",
        _GET,
        Kind.TEXT,
        lambda c: utc_text(c.last_exposure()[1]),
        "UTC, true start of the exposure of the first row, to the microsecond.",
    ),
    Member("SubExposureDuration", _GET, Kind.NUMBER, _missing(_NO_PARTS), "Not supported."),
    Member(
        "SubExposureDuration",
        _PUT,
        Kind.NOTHING,
        _missing(_NO_PARTS),
        "Not supported.",
        (Parameter("SubExposureDuration", number),),
    ),
    # cooling
    Member("CCDTemperature", _GET, Kind.NUMBER, _C.sensor_temperature_c, "Of the sensor, C.", where=Where.WORKER),
    Member("CoolerPower", _GET, Kind.NUMBER, _C.cooler_power_percent, "Of the cooler, %.", where=Where.WORKER),
    Member(
        "HeatSinkTemperature", _GET, Kind.NUMBER, _missing("does not measure its heat sink"), "Not supported."
    ),
    Member("CoolerOn", _GET, Kind.BOOLEAN, _C.cooler_on, "Whether the cooler regulates.", where=Where.WORKER),
    Member(
        "CoolerOn",
        _PUT,
        Kind.NOTHING,
        _C.set_cooler,
        "Switches the cooler.",
        (Parameter("CoolerOn", boolean),),
        Where.WORKER,
    ),
    Member(
        "SetCCDTemperature",
        _GET,
        Kind.NUMBER,
        _C.target_temperature_c,
        "Where the cooler regulates to, C.",
        where=Where.WORKER,
    ),
    Member(
        "SetCCDTemperature",
        _PUT,
        Kind.NOTHING,
        _C.set_target_temperature_c,
        "Sets where the cooler regulates to.",
        (Parameter("SetCCDTemperature", number),),
        Where.WORKER,
    ),
    # guiding
    Member("IsPulseGuiding", _GET, Kind.BOOLEAN, lambda _: False, "Never: there is no guide port."),
    Member(
        "PulseGuide",
        _PUT,
        Kind.NOTHING,
        _missing(_NO_GUIDER),
        "Not supported.",
        (Parameter("Direction", integer), Parameter("Duration", integer)),
    ),
)

CAMERA_TABLE: Final = by_address(CAMERA_MEMBERS)
