"""The one table of controls; every door, header and help text is fed from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Control(StrEnum):
    """A number that can be read from or written to a camera."""

    EXPOSURE_S = "exposure_s"
    GAIN = "gain"
    OFFSET = "offset"
    USB_TRAFFIC = "usb_traffic"
    SPEED = "speed"
    TARGET_TEMPERATURE_C = "target_temperature_c"
    COOLER_ON = "cooler_on"
    ANTI_GLOW = "anti_glow"
    TELEGRAPH_SUPPRESSION = "telegraph_suppression"
    GPS = "gps"
    OVERLAY = "overlay"
    ANTI_RBI = "anti_rbi"
    GPIO_MODE = "gpio_mode"
    TRIG_OUT = "trig_out"
    GPIO_OUTPUTS = "gpio_outputs"
    SMA_OUTPUT = "sma_output"
    TRIGGER_INPUT = "trigger_input"
    TRIGGER_FILTER_S = "trigger_filter_s"
    LED_DELAY_NS = "led_delay_ns"
    LED_WIDTH_NS = "led_width_ns"
    SENSOR_TEMPERATURE_C = "sensor_temperature_c"
    COOLER_POWER_PERCENT = "cooler_power_percent"
    AMBIENT_TEMPERATURE_C = "ambient_temperature_c"
    HUMIDITY_PERCENT = "humidity_percent"
    PRESSURE_HPA = "pressure_hpa"
    WINDOW_HEATER = "window_heater"
    FAN = "fan"
    SUPPLY_VOLTAGE_V = "supply_voltage_v"
    UVLO_STATUS = "uvlo_status"
    WHEEL_POSITION = "wheel_position"
    MEMORY_FILL_KB = "memory_fill_kb"


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """What is known of a control on every camera.

    Attributes
    ----------
    title : str
        For people.
    unit : str
        "" for pure numbers and switches.
    sdk_id : int or None
        CONTROL_ID of the vendor's library.
    writable : bool
        Whether a client may set it.
    while_exposing : bool
        Whether it may be set between start and read-out of a single exposure.
    range_field : str or None
        Attribute of `CameraModel` that holds its range; None = 0 to 1 for switches, or read-only.
    description : str
        One sentence.
    """

    title: str
    unit: str
    sdk_id: int | None
    writable: bool
    while_exposing: bool
    range_field: str | None
    description: str


CONTROLS: Final[dict[Control, ControlFacts]] = {
    Control.EXPOSURE_S: ControlFacts(
        "Exposure", "s", 8, True, False, "exposure_s", "Time each row collects light."
    ),
    Control.GAIN: ControlFacts(
        "Gain setting", "", 6, True, False, "gain", "The vendor's gain knob: neither dB nor electrons per DN."
    ),
    Control.OFFSET: ControlFacts(
        "Offset", "", 7, True, False, "offset", "Lifts the bias level so that a dark frame stays above zero."
    ),
    Control.USB_TRAFFIC: ControlFacts(
        "USB traffic", "", 12, True, False, "usb_traffic", "Higher values lengthen each row: slower, quieter."
    ),
    Control.SPEED: ControlFacts("Speed", "", 9, True, False, "speed", "Pixel clock of cameras that have it."),
    Control.TARGET_TEMPERATURE_C: ControlFacts(
        "Target temperature", "C", 18, True, True, "temperature_c", "Where the cooler regulates the sensor."
    ),
    Control.COOLER_ON: ControlFacts("Cooler", "", None, True, True, None, "Regulate to the target temperature."),
    Control.ANTI_GLOW: ControlFacts(
        "Anti-glow", "", 41, True, False, None, "Reduces the glow of sensors that have one."
    ),
    Control.TELEGRAPH_SUPPRESSION: ControlFacts(
        "Telegraph noise suppression",
        "",
        None,
        True,
        False,
        None,
        "The camera's random change thermal noise suppression.",
    ),
    Control.GPS: ControlFacts(
        "GPS stamp", "", 36, True, False, None, "Times and place from the GPS box in the first pixels."
    ),
    Control.OVERLAY: ControlFacts(
        "Overlay",
        "",
        None,
        True,
        False,
        None,
        "Text in the picture, which alters raw pixels: 0 none, 1 frame number, 2 GPS.",
    ),
    Control.ANTI_RBI: ControlFacts(
        "Live anti-RBI",
        "",
        None,
        True,
        False,
        None,
        "Flushes the sensor before each live frame, against residual bulk images.",
    ),
    Control.GPIO_MODE: ControlFacts("GPIO mode", "", 70, True, False, None, "What the pins of the socket carry."),
    Control.TRIG_OUT: ControlFacts("TrigOut", "", 71, True, False, None, "Lets pulses out of the pins."),
    Control.GPIO_OUTPUTS: ControlFacts(
        "GPIO outputs", "", None, True, True, None, "Levels of the pins as outputs: 1, 2, 4 and 8 for GPIO1 to 4."
    ),
    Control.SMA_OUTPUT: ControlFacts(
        "SMA output", "", None, True, False, None, "Which of its signals the SMA port carries, from 0."
    ),
    Control.TRIGGER_INPUT: ControlFacts(
        "Trigger input", "", 26, True, False, None, "What starts an exposure: 0 nothing, 1 soft, 2 GPIO, 3 SMA."
    ),
    Control.TRIGGER_FILTER_S: ControlFacts(
        "Trigger filter", "s", None, True, False, None, "After a trigger, edges are bounce for so long."
    ),
    Control.LED_DELAY_NS: ControlFacts(
        "LED delay", "ns", None, True, True, None, "From the shutter signal to the pulse on the LED pin."
    ),
    Control.LED_WIDTH_NS: ControlFacts(
        "LED width", "ns", None, True, True, None, "Length of the pulse on the LED pin; 0 = none."
    ),
    Control.SENSOR_TEMPERATURE_C: ControlFacts(
        "Sensor temperature", "C", 14, False, False, None, "Measured at the sensor."
    ),
    Control.COOLER_POWER_PERCENT: ControlFacts(
        "Cooler power", "%", 15, True, True, None, "Of the thermoelectric cooler; setting it ends regulation."
    ),
    Control.AMBIENT_TEMPERATURE_C: ControlFacts(
        "Ambient temperature", "C", None, False, False, None, "Air round the camera, where it is known."
    ),
    Control.HUMIDITY_PERCENT: ControlFacts(
        "Chamber humidity", "%", 62, False, False, None, "Relative, in the sensor chamber."
    ),
    Control.PRESSURE_HPA: ControlFacts(
        "Chamber pressure", "hPa", 63, False, False, None, "In the sensor chamber."
    ),
    Control.WINDOW_HEATER: ControlFacts(
        "Window heater", "", 94, True, True, None, "Warms the window of the chamber against dew."
    ),
    Control.FAN: ControlFacts("Fan", "", None, True, True, None, "Blows through the heat sink of the cooler."),
    Control.SUPPLY_VOLTAGE_V: ControlFacts(
        "Supply voltage", "V", None, False, False, None, "At the camera, behind the cable."
    ),
    Control.UVLO_STATUS: ControlFacts(
        "Undervoltage status", "", 67, False, False, None, "1 and 8 are good; 2, 3 and 9 are errors."
    ),
    Control.WHEEL_POSITION: ControlFacts(
        "Filter wheel", "", 17, True, True, None, "Slot in the light path, from 0; -1 while it moves."
    ),
    Control.MEMORY_FILL_KB: ControlFacts(
        "Frame memory in use", "kB", 51, False, False, None, "Live frames that wait in the camera, 1024 bytes."
    ),
}
