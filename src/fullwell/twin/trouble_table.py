"""What can befall a twin: the one table of names, limits and sources, for every door.

A part of the twin knows how to be broken; here stands only what each breakage is called, how bad it can be, and
who has met it. What each does to which part stands in `fullwell.twin.befalling`.
"""

from __future__ import annotations

from typing import Final

from fullwell.camera.troubles import Parameter, Trouble

__all__ = ["TROUBLES"]

_RATE: Final = Parameter("rate", "", 0.0, 1.0, 0.05, "part of the frames that it befalls")

TROUBLES: Final = (
    Trouble(
        "unplug",
        "Data cable out",
        "cable",
        (),
        "No call reaches the camera, yet settings still read fine from memory. The camera cools on, finishes its "
        "exposure and holds the frame. When the cable is in again it has to be opened again.",
        "EastEriq/LAST_QHYccd: no call tells if an opened camera is still there",
    ),
    Trouble(
        "hang",
        "Camera does not answer",
        "cable",
        (),
        "Calls fail until it is over. Exposures go on inside; a frame that is ready is sent when the camera "
        "answers again.",
        "indilib/indi-3rdparty issues 594 and 996: exposures and connections that time out",
    ),
    Trouble(
        "lost-packets",
        "Lost packets",
        "cable",
        (_RATE,),
        "Frames do not arrive whole and are dropped: live frames leave a gap in the numbers, a single exposure "
        "ends with a time-out.",
        "indilib/indi-3rdparty issues 153 and 269",
    ),
    Trouble(
        "torn-frames",
        "Torn frames",
        "frames",
        (_RATE, Parameter("seam", "", 0.01, 0.99, 0.5, "where the seam is, as a part of the rows")),
        "From a seam on, rows are those of the frame before; no error is told.",
        "isbeorn/nina issue 61; indilib/indi-3rdparty issue 269; indilib/indi issue 1336",
    ),
    Trouble(
        "zero-frames",
        "Frames of zeros",
        "frames",
        (_RATE,),
        "A frame arrives without an error, and all its pixels are 0.",
        "rockit-astro/camd-qhy: a time-out disguised as success",
    ),
    Trouble(
        "repeated-frames",
        "Frames that repeat",
        "frames",
        (_RATE,),
        "A frame arrives with its own number and times and the pixels of the frame before.",
        "EastEriq/LAST_QHYccd",
    ),
    Trouble(
        "stale-frame",
        "Stale first frame",
        "frames",
        (),
        "A live run first delivers the last frame of the time before again.",
        "rockit-astro/camd-qhy clears the frame memory before exposures",
    ),
    Trouble(
        "clock-jump",
        "Computer's clock jumps",
        "computer",
        (Parameter("step_s", "s", -86_400.0, 86_400.0, 3_600.0, "how far the computer's UTC is off"),),
        "The computer's UTC steps, as when a time service corrects it. Camera and GPS box go on as they were.",
        "isbeorn/nina issue 309: frames are stamped with the computer's clock",
    ),
    Trouble(
        "interference",
        "Periodic bands",
        "sensor",
        (
            Parameter("amplitude_e", "e-", 0.0, 1000.0, 1.0, "of the bands where they are worst"),
            Parameter("frequency_hz", "Hz", 1.0, 100_000.0, 1200.0, "of the disturbance"),
            Parameter("quiet_traffic", "", 0.0, 255.0, 20.0, "USB traffic at which the bands vanish"),
            Parameter("traffic_width", "", 0.1, 255.0, 10.0, "how far from it they come back"),
        ),
        "Horizontal bands whose frequency the USB traffic moves; at one value of it they vanish.",
        "QHY600 Pro and QHY268M Pro I product pages: horizontal banding",
    ),
    Trouble(
        "dark-current",
        "Raised dark current",
        "sensor",
        (Parameter("factor", "", 0.01, 1000.0, 10.0, "times that of the model"),),
        "The sensor gathers more thermal electrons than its thermometer explains.",
        "Alarcon et al. 2023 found 2.4 times the vendor's figure",
    ),
    Trouble(
        "hot-pixels",
        "More hot pixels",
        "sensor",
        (Parameter("factor", "", 1.0, 100.0, 8.0, "times as many as the model has"),),
        "Radiation and age make pixels warm, at most half of all.",
        "assumed; counts of real bodies differ",
    ),
    Trouble(
        "telegraph-noise",
        "More jumping pixels",
        "sensor",
        (Parameter("factor", "", 1.0, 100.0, 4.0, "times as many as the model has"),),
        "More pixels jump between three levels, at most 90 % of all.",
        "Layden et al. 2026, arXiv 2605.19022: bodies differ",
    ),
    Trouble(
        "read-noise",
        "Raised read noise",
        "sensor",
        (Parameter("factor", "", 0.1, 100.0, 2.0, "times that of the model"),),
        "Interference or a failing read-out adds noise to each pixel.",
        "assumed",
    ),
    Trouble(
        "gain-drift",
        "Gain off the charts",
        "sensor",
        (Parameter("factor", "", 0.1, 10.0, 1.3, "times the model's electrons per count"),),
        "The read-out makes other counts of its electrons than the charts say.",
        "panoptes/POCS issue 1481: the gain of each body has to be measured",
    ),
    Trouble(
        "bias-drift",
        "Bias off the law",
        "sensor",
        (Parameter("shift_dn16", "DN", -4096.0, 4096.0, 200.0, "of the bias level, counts of 16 bits"),),
        "The level without light drifts.",
        "assumed",
    ),
    Trouble(
        "power-cut",
        "No 12 V",
        "supply",
        (),
        "The camera is off: nothing answers, the cooler stands, what was under way is gone. With the 12 V back "
        "it boots, its wheel homes, and it has to be opened again.",
        "product pages of the QHY600 Pro and QHY268M Pro I: rebooting by the 12 V supply",
    ),
    Trouble(
        "sag",
        "Supply sags",
        "supply",
        (Parameter("sag_v", "V", 0.0, 12.0, 1.5, "missing at the supply"),),
        "Below 11 V at the camera the cooler goes off and the event is written into flash; lower still the "
        "camera stops.",
        "product pages of the QHY600 Pro and QHY268M Pro I: undervoltage lock-out",
    ),
    Trouble(
        "poor-cable",
        "Poor supply cable",
        "supply",
        (Parameter("cable_ohm", "ohm", 0.0, 10.0, 0.5, "there and back together"),),
        "The more the cooler draws, the less arrives at the camera.",
        "product pages: at most 0.1 ohm each way",
    ),
    Trouble(
        "noisy-supply",
        "Noisy supply",
        "supply",
        (Parameter("supply_noise_v", "V", 0.0, 2.0, 0.3, "rms"),),
        "The voltage at the camera scatters, and its lowest values reach the lock-out first.",
        "product pages: use a good supply of its own",
    ),
    Trouble(
        "emi",
        "Strong interference",
        "supply",
        (Parameter("interference_per_s", "1/s", 0.0, 10_000.0, 2.0, "strong disturbances near the data cable"),),
        "Relays, motors, static: frames are lost on the data cable, unless it is a fibre, and the sensor's "
        "registers are upset, which firmware of before September 2021 takes for too little voltage (code 3).",
        "product pages: code 3 may also come of electromagnetic interference",
    ),
    Trouble(
        "stuck-wheel",
        "Filter wheel stuck",
        "wheel",
        (),
        "A wheel that turns stops between two filters; no move ends until it is free again.",
        "assumed; users report wheels that do not arrive",
    ),
    Trouble(
        "wheel-unplugged",
        "Filter wheel's cable out",
        "wheel",
        (),
        "The camera does not find its wheel.",
        "assumed",
    ),
    Trouble(
        "dead-heater",
        "Window heater dead",
        "cooling",
        (),
        "The heater can be switched on and stays cold: in wet air dew forms on the window.",
        "product pages: the heater keeps the window free of dew",
    ),
    Trouble(
        "fan-stopped",
        "Fan stands",
        "cooling",
        (),
        "The heat sink warms up, and the cooler reaches less.",
        "assumed; users replace fans",
    ),
    Trouble(
        "weak-cooler",
        "Cooler weak or dead",
        "cooling",
        (Parameter("strength", "", 0.0, 1.0, 0.3, "share of its pumping strength that is left"),),
        "The cooler draws its power and pumps less heat.",
        "assumed",
    ),
    Trouble(
        "stuck-thermometer",
        "Thermometer stuck",
        "cooling",
        (Parameter("reading_c", "C", -60.0, 60.0, 0.0, "what it shows, whatever the sensor does"),),
        "The regulation believes it: it cools to the limit or not at all.",
        "assumed",
    ),
    Trouble(
        "leaking-chamber",
        "Chamber leaks",
        "chamber",
        (Parameter("factor", "", 0.0, 1e6, 1000.0, "times the leak of a new seal"),),
        "Outside air creeps in; with a cold sensor frost follows.",
        "product pages: drying cycle of the chamber",
    ),
    Trouble(
        "wet-chamber",
        "Chamber was open",
        "chamber",
        (),
        "The air in the chamber is that outside. It stays so when this is cleared: only drying helps.",
        "product pages: drying cycle of the chamber",
    ),
    Trouble(
        "warm-air",
        "Warm air",
        "air",
        (Parameter("ambient_temperature_c", "C", -60.0, 60.0, 35.0, "round the camera"),),
        "The cooler starts from a warmer place and reaches less.",
        "product pages: 35 C below ambient",
    ),
    Trouble(
        "wet-air",
        "Wet air",
        "air",
        (Parameter("humidity_percent", "%", 0.0, 100.0, 97.0, "relative, round the camera"),),
        "The dew point comes up to the temperature of the window.",
        "users of cooled cameras: dew before dawn",
    ),
)
"""What can befall a twin, part by part."""
