"""Who a twin says it is: a name that follows from model and body seed."""

from __future__ import annotations

import hashlib
from typing import Final

from fullwell.camera.frame import DeviceIdentity
from fullwell.models.facts import CameraModel

FACTORY_FIRMWARE: Final = "2024-05-20"
"""Day of the firmware of a new twin: it measures its voltage itself, as all do since September 2021."""


FACTORY_FPGA: Final = "2022-06-01"
"""Day of the logic of a new twin, where the vendor names no version that is needed."""


def identify(
    model: CameraModel, seed: int, fpga: str | None = None, firmware: str = FACTORY_FIRMWARE
) -> DeviceIdentity:
    """Identity of the body with a given seed: the vendor's name of the model and 16 hexadecimal digits.

    Parameters
    ----------
    model : CameraModel
    seed : int
    fpga : str, optional
        Versions of its logic; default is the oldest with which everything works.
    firmware : str
        The day that is its version.

    Returns
    -------
    DeviceIdentity
        Its `id` has at most 31 characters, as the vendor's library allows.
    """
    needed = model.connector.firmware_needed if model.connector else ()
    digits = hashlib.blake2b(f"{model.key}:{seed}".encode(), digest_size=8).hexdigest()
    return DeviceIdentity(
        id=f"{model.sdk_name}-{digits}",
        model_key=model.key,
        firmware=firmware,
        fpga=fpga if fpga is not None else " ".join(needed) or FACTORY_FPGA,
        backend="twin",
        seed=seed,
    )
