"""Functions of an open camera for what is plugged into it: triggers, supply, filter wheel."""

from __future__ import annotations

from fullwell.camera.device import StartMemory
from fullwell.serve.sdk.camera_setup import UNKNOWN_NAME
from fullwell.serve.sdk.registry import DONE, REFUSED, answers
from fullwell.serve.sdk.vendor_camera import VendorCamera
from fullwell.serve.sdk.wire import FAILED, Answer

# Triggers.


@answers("GetQHYCCDTrigerInterfaceNumber")
def _interfaces(camera: VendorCamera) -> Answer:
    return _count(camera.facts.trigger_interfaces)


@answers("GetQHYCCDTrigerModeNumber")
def _trigger_modes(camera: VendorCamera) -> Answer:
    return _count(camera.facts.trigger_modes)


@answers("GetQHYCCDTrigerInterfaceName")
def _interface_name(camera: VendorCamera, connector: int) -> Answer:
    return _named(camera.facts.trigger_interfaces, connector)


@answers("GetQHYCCDTrigerModeName")
def _trigger_mode_name(camera: VendorCamera, mode: int) -> Answer:
    return _named(camera.facts.trigger_modes, mode)


@answers("SetQHYCCDTrigerInterface")
def _set_interface(camera: VendorCamera, connector: int) -> Answer:
    return DONE if camera.port.choose_connector(connector) else REFUSED


@answers("SetQHYCCDTrigerMode")
def _set_trigger_mode(camera: VendorCamera, mode: int) -> Answer:
    return DONE if camera.port.choose_mode(mode) else REFUSED


@answers("SetQHYCCDTrigerFunction")
def _wait_for_triggers(camera: VendorCamera, value: int) -> Answer:
    camera.port.listen(bool(value))
    return DONE


@answers("SetQHYCCDTrigerInOnly")
def _only_in(camera: VendorCamera, value: int) -> Answer:
    if value:
        camera.port.let_out(False)
    return DONE


@answers("SetQHYCCDTrigerOutOnly")
def _only_out(camera: VendorCamera, value: int) -> Answer:
    if value:
        camera.port.listen(False)
    return DONE


@answers("EnableQHYCCDTrigerOut", "EnableQHYCCDTrigerOutA")
def _let_out(camera: VendorCamera) -> Answer:
    camera.port.let_out(True)
    return DONE


@answers("SetQHYCCDTrigerFilterOnOff")
def _filter(camera: VendorCamera, on: int) -> Answer:
    camera.port.filter_edges(on=bool(on))
    return DONE


@answers("SetQHYCCDTrigerFilterTime")
def _filter_time(camera: VendorCamera, time_ms: int) -> Answer:
    camera.port.filter_edges(time_ms=time_ms)
    return DONE


@answers("SendSoftTriger2QHYCCDCam")
def _soft_trigger(camera: VendorCamera) -> Answer:
    camera.port.soft_trigger()
    return DONE


# Supply.


@answers("QHYCCDResetFlashULVOError")
def _forget_supply(camera: VendorCamera) -> Answer:
    camera.forget_supply()
    return DONE


@answers("QHYCCDTestFlashULVOError")
def _fail_supply(camera: VendorCamera) -> Answer:
    camera.fail_supply()
    return DONE


@answers("QHYCCDSetFlashInitPWM")
def _start_power(camera: VendorCamera, pwm: int) -> Answer:
    if isinstance(camera.device, StartMemory):
        camera.device.set_start_power(pwm)
    return DONE


@answers("QHYCCDReadInitConfigFlash")
def _start_config(camera: VendorCamera) -> Answer:
    if not isinstance(camera.device, StartMemory):
        return DONE
    return Answer(written={"block": camera.device.start_config()})


@answers("QHYCCDEraseInitConfigFlash")
def _erase_start_config(camera: VendorCamera) -> Answer:
    if isinstance(camera.device, StartMemory):
        camera.device.erase_start_config()
    return DONE


# Filter wheel.


@answers("IsQHYCCDCFWPlugged")
def _plugged(camera: VendorCamera) -> Answer:
    return DONE if camera.wheel_slots else REFUSED


@answers("GetQHYCCDCFWStatus")
def _wheel(camera: VendorCamera) -> Answer:
    return Answer(written={"status": camera.wheel_status().encode()}) if camera.wheel_slots else REFUSED


@answers("SendOrder2QHYCCDCFW")
def _turn(camera: VendorCamera, order: str, length: int) -> Answer:  # noqa: ARG001
    if order[:1] and order[0] in "0123456789ABCDEFabcdef":
        camera.turn_wheel(int(order[0], 16))
    return DONE


def _count(names: tuple[str, ...]) -> Answer:
    return Answer(written={"count": len(names)}) if names else REFUSED


def _named(names: tuple[str, ...], index: int) -> Answer:
    if not names:
        return REFUSED
    return (
        Answer(written={"name": names[index]}) if index < len(names) else Answer(FAILED, {"name": UNKNOWN_NAME})
    )
