"""A sensor brought to its temperature before frames are taken, and how it is left afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from fullwell.cli.talk import say

if TYPE_CHECKING:
    from fullwell.camera.cooling import Cooling
    from fullwell.camera.engine import Camera

TOLERANCE_C: Final = 0.5


def bring_to(
    camera: Camera,
    target_c: float | None,
    note: Callable[[Cooling], None] = lambda cooling: None,  # noqa: ARG005
) -> None:
    """Cool the sensor, with a line that shows how far it is.

    Parameters
    ----------
    camera : Camera
        Open.
    target_c : float or None
        None = as it is.
    note : callable, optional
        Called once per second meanwhile with what the cooler is doing.

    Raises
    ------
    TemperatureNotReached
        If the cooler cannot; the error says what it can.
    KeyboardInterrupt
        The camera goes on cooling.
    """
    cooling = camera.cooling
    if target_c is None or cooling is None:
        return
    if cooling.wish.target_c != target_c or not cooling.wish.on:
        camera.set_target_temperature(target_c)
        camera.set_cooler(True)
    if _is_there(cooling, target_c):
        return

    def look(cooling: Cooling) -> None:
        show(cooling)
        note(cooling)

    with _shown(cooling, target_c) as show:
        reached = camera.settle_temperature(TOLERANCE_C, look)
    if reached is not None:
        say(f"sensor at {reached.sensor_c:.1f} C with {reached.power_percent:.0f} % cooler power")


@contextmanager
def left_as_it_is(lives_on: bool) -> Iterator[None]:
    """Inside, a cold camera is let go with a warning if it lives on; a twin ends with the program.

    Parameters
    ----------
    lives_on : bool
        Whether the camera is there when the program has ended.
    """
    logger = logging.getLogger("fullwell.camera.cooling")
    before = logger.level
    if not lives_on:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _is_there(cooling: Cooling, target_c: float) -> bool:
    return cooling.wish.on and not cooling.moving and abs(cooling.sensor_c - target_c) <= TOLERANCE_C


@contextmanager
def _shown(begin: Cooling, target_c: float) -> Iterator[Callable[[Cooling], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("cooling to {task.fields[target]:g} C"), BarColumn(), TextColumn("{task.description}"))
    terminal = console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not terminal) as bar:
        way_c = max(0.1, abs(begin.sensor_c - target_c))
        task = bar.add_task("", total=way_c, target=target_c)

        def show(cooling: Cooling) -> None:
            text = f"sensor {cooling.sensor_c:.1f} C, cooler {cooling.power_percent:.0f} %"
            bar.update(task, completed=way_c - abs(cooling.sensor_c - target_c), description=text)

        yield show
