"""How cameras are named: ``twin:qhy600-pro``, ``twin:qhy600-pro#2``, ``qhyccd:QHY600M-2c52f645aa1c25b9``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fullwell.errors import UnknownName
from fullwell.models import keys as model_keys
from fullwell.models import load
from fullwell.twin.identity import identify

FIRST_BODY: Final = 1
"""Number, and seed, of the twin that a name without ``#`` means."""


@dataclass(frozen=True, slots=True)
class CameraName:
    """A camera that can be opened.

    Attributes
    ----------
    name : str
        What `open_camera` takes.
    title : str
        For people.
    backend : str
        "twin" or "qhyccd".
    id, firmware : str
        As the camera says them; "" where they are not known before it is open.
    """

    name: str
    title: str
    backend: str
    id: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class TwinName:
    """What the name of a twin says.

    Attributes
    ----------
    model_key : str
    body : int
        Which of several twins of that model, from 1; it is the body's seed, unless another is given.
    """

    model_key: str
    body: int


@dataclass(frozen=True, slots=True)
class RealName:
    """What the name of a real camera says.

    Attributes
    ----------
    identity : str
        As the vendor's library names it.
    model_key : str
        Of the facts that belong to it.
    """

    identity: str
    model_key: str


def list_cameras() -> tuple[CameraName, ...]:
    """All cameras that can be opened here.

    Examples
    --------
    >>> [camera.name for camera in list_cameras()][:2]
    ['twin:qhy268m-pro', 'twin:qhy42-pro']
    """
    return tuple(_twin(key) for key in model_keys())


def _twin(key: str) -> CameraName:
    model = load(key)
    body = identify(model, FIRST_BODY)
    return CameraName(f"twin:{key}", f"{model.name} (twin)", "twin", body.id, body.firmware)


def parse(name: str) -> TwinName | RealName:
    """Take a camera's name apart.

    Parameters
    ----------
    name : str
        ``twin:MODEL`` or ``twin:MODEL#N``, N from 1; ``twin:`` may be left out. ``qhyccd:ID`` is a real camera.

    Raises
    ------
    UnknownName
        If there is no such camera, or nothing is known of such a model.

    Examples
    --------
    >>> parse("twin:qhy600-pro#2")
    TwinName(model_key='qhy600-pro', body=2)
    >>> parse("qhyccd:QHY600M-2c52f645aa1c25b9").model_key
    'qhy600-pro'
    """
    backend, colon, rest = str(name).strip().rpartition(":")
    if backend == "qhyccd":
        return RealName(rest, model_of(rest))
    model_key, hash_sign, number = rest.partition("#")
    numbered = not hash_sign or (number.isascii() and number.isdecimal() and int(number) >= FIRST_BODY)
    if (colon and backend != "twin") or model_key not in model_keys() or not numbered:
        raise UnknownName("camera", name, (camera.name for camera in list_cameras()))
    return TwinName(model_key, int(number) if hash_sign else FIRST_BODY)


def model_of(identity: str) -> str:
    """Key of the model of a real camera, from the name that the vendor's library gives it.

    Raises
    ------
    UnknownName
        If nothing is known of such a model.
    """
    by_name = {load(key).sdk_name: key for key in model_keys()}
    prefix = identity.partition("-")[0]
    if prefix not in by_name:
        raise UnknownName("model among those whose facts are known", prefix, by_name)
    return by_name[prefix]
