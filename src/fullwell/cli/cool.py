"""``fullwell cool``: bring a camera's sensor to a temperature, or warm it up, and show the course."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fullwell.cli.talk import opening, say

if TYPE_CHECKING:
    from fullwell.camera.cooling import Cooling
    from fullwell.camera.engine import Camera

SUMMARY = "Cool a sensor gradually, or warm it up, and draw the course."
EPILOG = """\b
Examples:
  fullwell cool qhyccd:QHY600M-2c52f645aa1c25b9 --to -10
  fullwell cool qhyccd:QHY600M-2c52f645aa1c25b9 --warm-up
  fullwell cool twin:qhy600-pro --to -10 --hold 300 --warm-up --instant --plot cooling.png
"""
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Moment:
    """What was read at one time.

    Attributes
    ----------
    elapsed_s : float
        Since the first.
    sensor_c, power_percent : float
    target_c : float or None
        Where the client wants the sensor; None while the cooler shall be off.
    """

    elapsed_s: float
    sensor_c: float
    power_percent: float
    target_c: float | None


def run(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="As `fullwell cameras` tells them.")],
    to: Annotated[float | None, typer.Option("--to", metavar="C", help="Target. [the model's usual one]")] = None,
    hold: Annotated[float, typer.Option("--hold", metavar="S", min=0.0, help="Stay there so long.")] = 0.0,
    warm_up: Annotated[
        bool, typer.Option("--warm-up", help="Then warm up gradually, cooler off; without --to, do only that.")
    ] = False,
    ambient: Annotated[
        float | None, typer.Option("--ambient", metavar="C", help="Air round a twin. [20]")
    ] = None,
    instant: Annotated[bool, typer.Option("--instant", help="Simulated time that jumps; twins only.")] = False,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="The course as a PNG file.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file of this name.")] = False,
) -> None:
    """Cool a camera to a temperature, gradually, and leave it cooling; with --warm-up, warm it up again."""
    import fullwell
    from fullwell.cli.cooling import left_as_it_is
    from fullwell.cli.results import require_free
    from fullwell.cli.scenery import is_real
    from fullwell.scene import Dark

    require_free(plot, overwrite)
    real = is_real(camera)
    given: dict[str, Any] = {} if real else {"scene": Dark()}
    if instant:
        given["clock"] = "instant"
    if ambient is not None:
        given["ambient_temperature_c"] = ambient
    with opening():
        found = fullwell.open(camera, **given)
    with left_as_it_is(lives_on=real), found as opened:
        course = _follow(opened, to, hold, warm_up)
        title = f"{opened.model.name}: sensor led by the guard of the cooler"
    if plot is not None:
        _keep(course, title, plot, overwrite)


def _follow(camera: Camera, to: float | None, hold_s: float, warm_up: bool) -> list[Moment]:
    """Do what is asked for, and note the course."""
    from fullwell.cli.cooling import bring_to

    begin_ns = camera.clock.now_ns()
    course: list[Moment] = []

    def note(cooling: Cooling) -> None:
        elapsed_s = (camera.clock.now_ns() - begin_ns) * 1e-9
        wished_c = cooling.wish.target_c if cooling.wish.on else None
        course.append(Moment(elapsed_s, cooling.sensor_c, cooling.power_percent, wished_c))

    if to is not None or not warm_up:
        bring_to(camera, camera.model.temperature_c.default if to is None else to, note)
        _hold(camera, hold_s, note)
    if warm_up:
        camera.warm_up(progress=note)
        say(f"sensor at {camera.readings().sensor_temperature_c:.1f} C, cooler off")
        _hold(camera, hold_s, note)
    return course


def _hold(camera: Camera, seconds: float, note: Callable[[Cooling], None]) -> None:
    end_ns = camera.clock.now_ns() + round(seconds * SECOND_NS)
    while camera.clock.now_ns() < end_ns and (cooling := camera.cooling) is not None:
        note(cooling)
        camera.clock.sleep_until(min(end_ns, camera.clock.now_ns() + SECOND_NS))


def _keep(course: list[Moment], title: str, plot: Path, overwrite: bool) -> None:
    from fullwell.cli.cooling_chart import draw_course
    from fullwell.record import whole_file

    with whole_file(plot, overwrite) as part, part.open("xb") as file:
        draw_course(course, title, file)
    typer.echo(plot)
