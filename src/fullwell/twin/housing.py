"""What a twin is beside taking pictures: its body, its power, its memory, and what is plugged into it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

from fullwell.camera.clock import Clock
from fullwell.camera.firmware import Version
from fullwell.camera.frame import DeviceIdentity
from fullwell.errors import NotConnected, NotSupported
from fullwell.models.facts import CameraModel
from fullwell.scene.limits import require_number
from fullwell.twin.befalling import Place
from fullwell.twin.body import Body, BodyControls
from fullwell.twin.body.flash import ERASED, Flash
from fullwell.twin.body.power import PowerSide
from fullwell.twin.cable import Cable
from fullwell.twin.firmware import BootLoader, FirmwareImage, firmware_day
from fullwell.twin.identity import FACTORY_FIRMWARE, identify
from fullwell.twin.reach import Reach
from fullwell.twin.surroundings import Surroundings
from fullwell.twin.wheel import FilterWheel, WheelPort
from fullwell.twin.wire import Wire

__all__ = ["Equipment", "Housing"]


@dataclass(frozen=True, slots=True)
class Equipment:
    """How a twin is set up, beside its scene.

    Parameters
    ----------
    filter_name : str
        In the light path at the beginning.
    link : str, optional
        Name of the link; default is the first of the model.
    surroundings : Surroundings, optional
        Air and supply round it; default is a room at 20 C.
    temperature_c : float, optional
        Begin with the cooler on and settled there, C; default is ambient, cooler off.
    fpga : str, optional
        Versions of its logic; default is the oldest with which everything works.
    firmware : str
        The day that is the version of its firmware.
    flash : Flash, optional
        Its memory; default is a fresh one.
    cable : Cable, optional
        Between camera and computer; default is a short one.
    """

    filter_name: str
    link: str | None = None
    surroundings: Surroundings | None = None
    temperature_c: float | None = None
    fpga: str | None = None
    firmware: str = FACTORY_FIRMWARE
    flash: Flash | None = None
    cable: Cable | None = None


class Housing(ABC):
    """Everything of a twin that lives on whether somebody takes pictures with it or not.

    Parameters
    ----------
    model : CameraModel
    equipment : Equipment
    seed : int
        Of the body.
    clock : Clock
        The time in which it lives.

    Raises
    ------
    UnknownName
        If the model has no such link.
    OutOfRange
        If the temperature is outside the cooler's limits.
    """

    def __init__(self, model: CameraModel, equipment: Equipment, seed: int, clock: Clock) -> None:
        if equipment.temperature_c is not None:
            limits = model.temperature_c
            require_number("temperature", equipment.temperature_c, limits.low, limits.high, "C")
        self._model, self._clock = model, clock
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._open = False
        self._link = model.link(equipment.link).name if equipment.link is not None else model.links[0].name
        self._identity = identify(model, seed, equipment.fpga, equipment.firmware)
        self._flash = equipment.flash if equipment.flash is not None else Flash()
        factory = {"firmware": equipment.firmware, "fpga": self._identity.fpga}
        self._loader = BootLoader(self._flash, factory, model.key, clock)
        self._wire = Wire(model, self._link, equipment.cable or Cable(), seed)
        self._body = Body(model, equipment.surroundings or Surroundings(), clock, equipment.temperature_c)
        self._body_controls = BodyControls(self._body, model)
        self._place = Place(self._body.surroundings, self._surround)
        self._port = WheelPort(model, equipment.filter_name)
        self._wall_step_ns = 0
        self._power = PowerSide(
            model,
            self._body,
            self._flash,
            firmware_day(self._loader.version("firmware")),
            clock,
            seed,
            lost=self._power_lost,
            booted=self._booted,
        )
        self._reach = Reach(clock, self._power, self._reach_changed)

    @abstractmethod
    def _cable_changed(self) -> None:
        """Frames take another time on the cable from now on."""

    @abstractmethod
    def _power_lost(self) -> None:
        """What ran is gone, and so is the connection."""

    @abstractmethod
    def _reach_changed(self) -> None:
        """A cable or a camera has gone, or is back: whoever waits shall look."""

    @abstractmethod
    def _require_idle(self, wish: str) -> None:
        """Raise `Busy` if a frame is under way."""

    @property
    def identity(self) -> DeviceIdentity:
        """Who it is, and which versions run."""
        loader = self._loader
        return replace(self._identity, firmware=loader.version("firmware"), fpga=loader.version("fpga"))

    @property
    def model(self) -> CameraModel:
        """The facts that belong to it."""
        return self._model

    @property
    def clock(self) -> Clock:
        """The time in which it lives."""
        return self._clock

    @property
    def link(self) -> str:
        """Name of the cable it hangs on."""
        return self._link

    @property
    def body(self) -> Body:
        """Cooler, chamber and window: the truth about them, and what may befall them."""
        return self._body

    @property
    def power(self) -> PowerSide:
        """Supply and lock-out: what arrives, and what may befall it."""
        return self._power

    @property
    def wheel(self) -> FilterWheel | None:
        """The wheel on its port: where it really is, and what may befall it."""
        return self._port.wheel

    @property
    def loader(self) -> BootLoader:
        """What decides which firmware runs."""
        return self._loader

    @property
    def cable(self) -> Cable:
        """What lies between camera and computer; may be replaced at any time."""
        return self._wire.cable

    @cable.setter
    def cable(self, cable: Cable) -> None:
        with self._lock:
            self._wire.cable = cable
            self._cable_changed()
        if self._wire.path.speed == "none":
            self._reach.cut()

    @property
    def wire(self) -> Wire:
        """The link on its cable: rates and losses as they are."""
        return self._wire

    @property
    def super_speed(self) -> bool:
        """Whether the cable has its full speed, not that of USB2."""
        return self._wire.path.speed != "USB2"

    def wheel_names(self) -> tuple[str, ...]:
        """Names of the slots of the filter wheel; empty when there is no wheel."""
        return self._port.names(self._clock.now_ns())

    def reset_undervoltage(self) -> None:
        """Erase the memory of under-voltage events.

        Raises
        ------
        NotSupported
            If the camera has no lock-out.
        """
        with self._lock:
            self._require_open()
            if not self._power.guard.exists:
                raise NotSupported(f"the {self._model.name} has no under-voltage lock-out.")
            self._power.guard.reset()
            self._power.look()

    def provoke_undervoltage(self) -> None:
        """Remember an under-voltage event that was none. Harmless without a lock-out."""
        with self._lock:
            self._require_open()
            self._power.provoke()

    def start_config(self) -> bytes:
        """The block of start-up settings in flash."""
        return self._flash.memory.start_config

    def erase_start_config(self) -> None:
        """Erase that block."""
        self._flash.write(start_config=ERASED)

    def set_start_power(self, power: int) -> None:
        """Power of the cooler after power-up, 0 to 255."""
        self._flash.write(start_power=power)

    def versions(self) -> tuple[Version, ...]:
        """What runs, and what a roll-back would bring."""
        return self._loader.versions()

    def update(self, content: bytes, progress: Callable[[int, int], None] | None = None) -> str:
        """Load the content of an image file, verify it, and boot; gives the part. See `BootLoader.update`.

        Raises
        ------
        Busy
            If a frame is under way.
        """
        image = FirmwareImage.unpack(content)
        with self._lock:
            self._require_open()
            self._require_idle("change the firmware")
        self._loader.update(image, self._require_open, progress)
        self._power.cycle()
        return image.part

    def roll_back(self, part: str) -> None:
        """Go back to the version beside the one that runs, and boot. See `BootLoader.roll_back`."""
        with self._lock:
            self._require_open()
            self._require_idle("change the firmware")
            self._loader.roll_back(part)
        self._power.cycle()

    @property
    def surroundings(self) -> Surroundings:
        """What is round it now: air, supply and cables."""
        return self._place.surroundings

    def surround(self, surroundings: Surroundings) -> None:
        """Let something else be round it from now on; troubles of air and supply stay."""
        self._place.move(surroundings)

    def wall_ns(self) -> int:
        """What the clock of the computer says, UTC, ns."""
        return self._clock.now_ns() + self._wall_step_ns

    def _surround(self, surroundings: Surroundings) -> None:
        self._body.surround(surroundings)
        self._power.look()

    def _step_wall(self, step_s: float) -> None:
        self._wall_step_ns = round(step_s * 1e9)

    def _disturb_cable(self, interference_per_s: float) -> None:
        self.cable = replace(self.cable, interference_per_s=interference_per_s)

    def _require_open(self, patient: bool = False) -> None:
        """Raise unless a call reaches the camera; a patient one waits for a silent camera itself."""
        self._require_opened()
        if patient:
            self._reach.require_connection()
        else:
            self._reach.require()

    def _require_opened(self) -> None:
        if not self._open:
            raise NotConnected("the camera is not open.", "Open it first.")

    def _booted(self, at_ns: int) -> None:
        """The camera has power again since an instant, UTC."""
        self._loader.boot()
        self._power.guard.firmware_day = firmware_day(self._loader.version("firmware"))
        if start_power := self._flash.memory.start_power:
            self._body.set_power(start_power / 2.55)
        self._port.power_up(at_ns)
