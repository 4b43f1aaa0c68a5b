"""The way from a twin to the computer: which link on which cable, how long frames take, which are lost."""

from __future__ import annotations

from dataclasses import replace

from fullwell.camera.frame import Settings
from fullwell.models.facts import CameraModel
from fullwell.readout.rows import RowTiming
from fullwell.twin.cable import Cable, DataPath
from fullwell.twin.clockwork import clockwork
from fullwell.twin.stream import frame_bytes, link_ns

__all__ = ["Wire"]


class Wire:
    """A link of a camera on a cable that may be changed while it runs.

    Parameters
    ----------
    model : CameraModel
    link : str
        Name of the link.
    cable : Cable
    seed : int
        Of the camera body: decides which frames are lost.
    """

    def __init__(self, model: CameraModel, link: str, cable: Cable, seed: int) -> None:
        self._model, self._link, self._seed = model, link, seed
        self.cable = cable

    @property
    def cable(self) -> Cable:
        """What lies between camera and computer."""
        return self._cable

    @cable.setter
    def cable(self, cable: Cable) -> None:
        path = cable.path(self._model.link(self._link))
        links = tuple(path.link if each.name == self._link else each for each in self._model.links)
        self._cable, self._path, self._wired = cable, path, replace(self._model, links=links)

    @property
    def path(self) -> DataPath:
        """What becomes of the data on it."""
        return self._path

    def timing(self, settings: Settings, exposure_s: float, *, live: bool) -> RowTiming:
        """The clockwork of a frame on this cable."""
        timing = clockwork(self._wired, settings, exposure_s, live=live)
        if not self._path.delay_ns:
            return timing
        return replace(timing, transfer_ns=timing.transfer_ns + self._path.delay_ns)

    def link_ns(self, settings: Settings) -> int:
        """How long a frame occupies the cable, ns."""
        return link_ns(self._wired, settings)

    def loses(self, number: int, start_ns: int, settings: Settings) -> bool:
        """Whether a frame gets lost on the cable; `number` and `start_ns` are its own."""
        if not (self._path.packet_losses or self._path.bursts_per_s):
            return False
        content = frame_bytes(self._model, settings)
        return self._path.loses(self._seed, number, start_ns, content, self.link_ns(settings))
