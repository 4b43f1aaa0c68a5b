"""fullwell: the whole of a scientific CMOS camera, in software.

>>> import fullwell
>>> [camera.name for camera in fullwell.list_cameras()][0]
'twin:qhy268m-pro'
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fullwell.connect import Cable as Cable
    from fullwell.connect import Surroundings as Surroundings
    from fullwell.connect import SyncCable as SyncCable
    from fullwell.connect import TriggerLine as TriggerLine
    from fullwell.connect import list_cameras as list_cameras
    from fullwell.connect import open_camera as open

__version__ = "0.1.0"
__all__ = ["Cable", "Surroundings", "SyncCable", "TriggerLine", "__version__", "list_cameras", "open"]

_LAZY = {
    "open": "open_camera",
    "list_cameras": "list_cameras",
    "Cable": "Cable",
    "Surroundings": "Surroundings",
    "SyncCable": "SyncCable",
    "TriggerLine": "TriggerLine",
}


def __getattr__(name: str) -> Any:
    """Find the entrances of the public API on first use: the package itself is imported in no time."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fullwell import connect  # noqa: PLC0415  (heavy, so only for those who need it)

    return getattr(connect, _LAZY[name])
