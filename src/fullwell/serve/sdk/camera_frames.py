"""Functions of an open camera that take frames: single, live, burst, and their timing."""

from __future__ import annotations

from fullwell.camera.controls import Control
from fullwell.models.sdk import SdkFacts
from fullwell.readout.precise import precise_exposure
from fullwell.serve.sdk.registry import DONE, REFUSED, answers
from fullwell.serve.sdk.vendor_camera import VendorCamera
from fullwell.serve.sdk.wire import Answer

# Single frames.


@answers("ExpQHYCCDSingleFrame")
def _expose(camera: VendorCamera) -> Answer:
    camera.start()
    return DONE


@answers("GetQHYCCDSingleFrame")
def _fetch(camera: VendorCamera) -> Answer:
    return DONE if camera.fetch() else REFUSED


@answers("GetQHYCCDExposureRemaining")
def _remaining(camera: VendorCamera) -> Answer:
    return Answer(camera.remaining_percent)


@answers("CancelQHYCCDExposing", "CancelQHYCCDExposingAndReadout")
def _cancel(camera: VendorCamera) -> Answer:
    camera.cancel()
    return DONE


@answers("SetQHYCCDSingleFrameTimeOut")
def _set_timeout(camera: VendorCamera, time_ms: int) -> Answer:
    camera.memory.timeout_ms = time_ms
    return DONE


# Live.


@answers("BeginQHYCCDLive")
def _begin(camera: VendorCamera) -> Answer:
    camera.begin_live()
    return DONE


@answers("StopQHYCCDLive")
def _stop(camera: VendorCamera) -> Answer:
    camera.stop_live()
    return DONE


@answers("ClearQHYCCDImageQueue")
def _clear(camera: VendorCamera) -> Answer:
    camera.frames.forget()
    return DONE


@answers("SetQHYCCDEnableLiveModeAntiRBI")
def _anti_rbi(camera: VendorCamera, value: int) -> Answer:
    camera.port.try_set(Control.ANTI_RBI, float(value != 0))
    return DONE


@answers("EnableQHYCCDImageOSD")
def _overlay(camera: VendorCamera, value: int) -> Answer:
    camera.port.try_set(Control.OVERLAY, value)
    return DONE


# Burst.


@answers("EnableQHYCCDBurstMode")
def _burst(camera: VendorCamera, on: int) -> Answer:
    camera.burst.enable(bool(on))
    return DONE


@answers("SetQHYCCDBurstModeStartEnd")
def _burst_range(camera: VendorCamera, start: int, end: int) -> Answer:
    late = int("burst-off-by-one" in camera.quirks)
    camera.burst.set_range(start + late, max(start, end) + late)
    return DONE


@answers("SetQHYCCDBurstModePatchNumber")
def _burst_patch(camera: VendorCamera, value: int) -> Answer:
    camera.burst.set_patch_number(value)
    return DONE


@answers("SetQHYCCDBurstIDLE")
def _burst_idle(camera: VendorCamera) -> Answer:
    camera.burst.idle()
    return DONE


@answers("ReleaseQHYCCDBurstIDLE")
def _burst_release(camera: VendorCamera) -> Answer:
    camera.burst.release()
    return DONE


@answers("ResetQHYCCDFrameCounter")
def _reset_counter(camera: VendorCamera) -> Answer:
    camera.burst.reset_counter()
    return DONE


# Timing.


@answers("GetQHYCCDPreciseExposureInfo")
def _precise(camera: VendorCamera) -> Answer:
    mode = camera.facts.read_modes[camera.memory.mode].mode
    told = precise_exposure(camera.device.model, mode, camera.device.precise_timing())
    return Answer(
        written={
            "pixel_period_ps": told.pixel_period_ps,
            "line_period_ns": told.line_period_ns,
            "frame_period_us": told.frame_period_us,
            "clocks_per_line": told.clocks_per_line,
            "lines_per_frame": told.lines_per_frame,
            "actual_exposure_us": told.actual_exposure_us,
            "long_exposure": int(told.long_exposure),
        }
    )


@answers("GetQHYCCDRollingShutterEndOffset")
def _row_end(camera: VendorCamera, row: int) -> Answer:
    line_us = camera.device.precise_timing().line_period_ns / 1000
    return Answer(
        written={"offset_us": row_end_us(camera.facts, camera.memory.mode, row + camera.memory.roi[1], line_us)}
    )


def row_end_us(facts: SdkFacts, mode: int, row: int, line_us: float) -> float:
    """End of exposure of a row after the stamp, us.

    Parameters
    ----------
    facts : SdkFacts
    mode : int
        Read mode of the library.
    row : int
        Of the raw frame.
    line_us : float
        Line period, us.

    Examples
    --------
    >>> from fullwell.models.sdk import load_sdk
    >>> row_end_us(load_sdk("qhy600-pro"), 0, 35, 25.0)
    2023.75
    """
    single = mode in facts.row_end_single_modes
    constant_us, lines = facts.row_end_single if single else facts.row_end_pairs
    steps = row if single else 2 * (row // 2)
    return constant_us + (lines + steps) * line_us
