"""``fullwell verify``: whether a camera does what every camera must."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from fullwell.cli.scenery import LinkOption, SceneOption, Scenery, SeedOption, is_real
from fullwell.cli.talk import opening, say

SUMMARY: Final = "Check that a camera does what it must."
FAILED: Final = 1
EPILOG: Final = """\b
Examples:
  fullwell verify twin:qhy600-pro --instant       a twin, in seconds
  fullwell verify qhyccd:QHY600M-2c52f645aa1c25b9 --quick
                                                  a real camera (`fullwell cameras` names it), in about a minute
  fullwell verify twin:qhy42-pro --only burst --only abort
  fullwell verify twin:qhy42-pro --quick --json > verdict.json

\b
A real camera is left as it was found: settings, cooler, filter wheel. The cooler is never switched on or off.
Let it look at an even, steady light for the checks of light; in the dark they do not apply.
"""


def run(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="As `fullwell cameras` lists them.")],
    quick: Annotated[bool, typer.Option("--quick", help="Only what takes little time: about a minute.")] = False,
    instant: Annotated[bool, typer.Option("--instant", help="A twin's exposures take no time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts, instead of the table.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="This check; may be repeated.")
    ] = None,
    scene: SceneOption = "uniform",
    link: LinkOption = None,
    seed: SeedOption = None,
) -> None:
    """Check that a camera does what it must: obey, count, keep time, and give true pixels.

    Each check passes, fails, or does not apply, and says what it has measured. The exit status is 0 only if none
    has failed.
    """
    import fullwell
    from fullwell.cli.verdicts import print_json, print_table, watched
    from fullwell.contract import Verdict

    if is_real(camera) and instant:
        raise typer.BadParameter("a real camera takes its time.", param_hint="--instant")
    light = None if is_real(camera) and scene == "uniform" else Scenery(scene=scene).build()
    with opening():
        opened = fullwell.open(camera, scene=light, link=link, seed=seed, clock="instant" if instant else "real")
    with opened:
        results = watched(opened, quick, only or ())
        who = opened.identity
    (print_json if as_json else print_table)(opened.model, who, results)
    if failed := sum(each.verdict is Verdict.FAILED for each in results):
        say(f"{failed} of {len(results)} checks failed.")
        raise typer.Exit(FAILED)
