"""``fullwell occultation``: when a star went out and came back, from the files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fullwell.cli.talk import say

if TYPE_CHECKING:
    from fullwell.scene.light_curve import LightCurve

UNLIKELY: Final = 1e-4
SUMMARY: Final = "Find when a star went out and came back in the frames of a run."
EPILOG: Final = """\b
Examples:
  fullwell occultation run/*.fits --pixel 1024,960          a sharp edge
  fullwell occultation run/*.fits --pixel 1024,960 --speed 12 --distance 2.1 --band 450,650
                                                            fringes of a limb at 2.1 au
  fullwell occultation cube.fits --pixel 300,200 --radius 6 --ring 10,16 --json

\b
The light of the star is summed in a circle, the sky is taken from a ring round it. Each frame counts with
the exposure of the star's own rows. D is where the star's centre goes behind the limb, R where it comes
out; errors are one standard deviation and come from the noise of this light curve. The uncertainty of the
clock is told apart.
"""


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="FITS images, cubes or SER of one run.")],
    pixel: Annotated[
        str, typer.Option("--pixel", metavar="X,Y", help="The star, as FITS counts: the first pixel is 1,1.")
    ],
    radius: Annotated[float, typer.Option("--radius", metavar="PX", help="Of the circle.")] = 6.0,
    ring: Annotated[
        str, typer.Option("--ring", metavar="IN,OUT", help="Radii of the ring for the sky, px.")
    ] = "10,18",
    speed: Annotated[
        float | None,
        typer.Option("--speed", metavar="KM/S", help="Of the shadow's edge, at right angles to it: soft edges."),
    ] = None,
    distance: Annotated[float, typer.Option("--distance", metavar="AU", help="Of the body, with --speed.")] = 2.0,
    star_diameter: Annotated[
        float, typer.Option("--star-diameter", metavar="MAS", help="Of the star, with --speed.")
    ] = 0.0,
    band: Annotated[
        str | None, typer.Option("--band", metavar="LOW,HIGH", help="Wavelengths, nm, with --speed: diffraction.")
    ] = None,
    gain: Annotated[
        float | None, typer.Option("--gain", metavar="E", help="Electrons per DN. [EGAIN of the first file]")
    ] = None,
    any_source: Annotated[
        bool, typer.Option("--any-source", help="Where a GPS stamp is doubtful, take another time.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PNG", help="Draw the light curve; replaces a file.")
    ] = None,
) -> None:
    """Tell when a star went out (D) and came back (R), UTC, with errors, and draw its light curve."""
    if out is not None and out.suffix.lower() != ".png":
        raise typer.BadParameter(f"{str(out)!r} does not end in .png.", param_hint="--out")
    if speed is None and (band is not None or star_diameter):
        raise typer.BadParameter("a soft edge needs --speed.", param_hint="--speed")
    x, y = _pair(pixel, "--pixel")

    from scipy.stats import chi2

    from fullwell.cli.star_files import gather
    from fullwell.measure import Aperture, fit_occultation
    from fullwell.record import whole_file
    from fullwell.record.instants import iso

    near = Aperture(x - 1, y - 1, radius, _pair(ring, "--ring"))
    (gathered,) = gather(files, [near], e_per_dn=gain, any_source=any_source)
    edge = _edge(speed, distance, star_diameter, None if band is None else _pair(band, "--band"))
    found = fit_occultation(gathered.light, edge)
    star = gathered.aperture
    say(f"{len(gathered.light.flux_e)} frames; star at {star.x_px + 1:.2f},{star.y_px + 1:.2f}")
    say(f"light {found.full_e:.0f} e- a frame, {found.low_e:.0f} e- inside, depth {found.significance:.0f} sigma")
    say(f"chi square {found.chi_square:.0f} for {found.degrees} degrees of freedom")
    if found.chi_square > chi2.isf(UNLIKELY, found.degrees):
        say("note: the light scatters more than its photons explain; errors are too small. Gain? Clouds? Place?")
    say(f"times: {gathered.source}, uncertain by {gathered.uncertainty_ns * 1e-9:.9f} s")
    instants = {
        "D": (found.disappearance_ns, found.disappearance_s.standard_error),
        "R": (found.reappearance_ns, found.reappearance_s.standard_error),
    }
    if json:
        import orjson

        told = {letter: {"utc_ns": instant, "error_s": error} for letter, (instant, error) in instants.items()}
        typer.echo(orjson.dumps(told).decode())
    else:
        for letter, (instant, error) in instants.items():
            typer.echo(f"{letter} {iso(instant)} ± {error:.6f} s")
    if out is not None:
        from fullwell.cli.light_curves import draw_occultation

        with whole_file(out, overwrite=True) as part, part.open("xb") as file:
            draw_occultation(gathered.light, found, edge, _title(files), file)
        typer.echo(out)


def _title(files: list[Path]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return files[0].name + more


def _edge(
    speed: float | None, distance: float, star_diameter: float, band: tuple[float, float] | None
) -> LightCurve:
    import numpy as np

    from fullwell.errors import OutOfRange
    from fullwell.measure import sharp_edge, soft_edge

    if speed is None:
        return sharp_edge()
    for name, value, low, high, unit in (
        ("speed", speed, 0.01, 1000.0, "km/s"),
        ("distance", distance, 1e-3, 1000.0, "au"),
        ("star diameter", star_diameter, 0.0, 100.0, "mas"),
        *(("wavelength", edge, 200.0, 2000.0, "nm") for edge in band or ()),
    ):
        if not low <= value <= high:
            raise OutOfRange(name, value, low, high, unit)
    return soft_edge(speed, distance, star_diameter, None if band is None else np.linspace(*band, 200))


def _pair(text: str, option: str) -> tuple[float, float]:
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not two numbers with a comma.", param_hint=option) from None
    return first, second
