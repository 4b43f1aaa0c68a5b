"""``fullwell models``: which cameras there are and what is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

SUMMARY: Final = "Tell which cameras there are, and all about one."
EPILOG: Final = """\b
Examples:
  fullwell models                            all cameras, one line each
  fullwell models qhy600-pro                 one camera: modes, gain points, rates, sources, assumptions
  fullwell models qhy600-pro --plots charts  and its curves as PNG in the folder charts
"""


def run(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Which camera, as in qhy600-pro.")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw its curves into this folder; the paths are printed.")
    ] = None,
) -> None:
    """Tell which cameras there are, or all that is known of one, each number with its source."""
    if plots is not None and model is None:
        raise typer.BadParameter("needs a model.", param_hint="--plots")

    from fullwell.models import keys, load

    if plots is None:
        from fullwell.cli.sheet import print_all, print_one

        if model is None:
            print_all([load(key) for key in keys()])
        else:
            print_one(load(model.removeprefix("twin:")))
        return

    from fullwell.cli.charts import draw_charts

    for path in draw_charts(load(str(model).removeprefix("twin:")), plots):
        typer.echo(path)
