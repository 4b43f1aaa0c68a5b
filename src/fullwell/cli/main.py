"""The command ``fullwell``: its subcommands, and what becomes of errors.

Nothing heavy is imported here or at the top of a command's module: ``--help`` answers at once.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup

import fullwell
from fullwell.cli import (
    calibrate_rows,
    cameras,
    capture,
    cool,
    doctor,
    fault,
    firmware,
    hdr,
    models,
    night,
    occultation,
    pins,
    record,
    repair,
    sdk,
    sdk_trace,
    serve,
    show,
    time,
    verify,
)
from fullwell.cli.talk import complain
from fullwell.errors import FullwellError

FAILED: Final = 1
INTERRUPTED: Final = 130
TERMINATED: Final = 143

EPILOG: Final = """\b
A night in a few lines:
  fullwell models                      which cameras there are
  fullwell cameras                     which can be opened now, real ones too
  fullwell verify twin:qhy600-pro      whether one does what it must
  fullwell capture twin:qhy600-pro --exposure 60 --instant --out m101.fits
  fullwell show m101.fits              look at it: m101.png
  fullwell time m101.fits              when each row was exposed
  fullwell record twin:qhy42-pro --exposure 0.02 --duration 10 --format ser --out stars.ser
  fullwell serve                       let N.I.N.A. or any other Alpaca client use the camera

\b
Files that were written are named on standard output, one a line; everything else is said on standard
error. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""


class Commands(TyperGroup):
    """The subcommands; errors that the project raises on purpose end in one sentence, not in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a subcommand and turn its errors into sentences and exit status."""
        try:
            return super().invoke(ctx)
        except FullwellError as error:
            complain(error.message, error.remedy)
            raise SystemExit(FAILED) from None
        except KeyboardInterrupt:
            complain("interrupted.")
            raise SystemExit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fullwell {fullwell.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """The whole of a scientific CMOS camera, in software."""


for name, command in (
    ("capture", capture),
    ("record", record),
    ("repair", repair),
    ("hdr", hdr),
    ("serve", serve),
    ("night", night),
    ("show", show),
    ("time", time),
    ("occultation", occultation),
    ("models", models),
    ("cameras", cameras),
    ("verify", verify),
    ("cool", cool),
    ("pins", pins),
    ("calibrate-rows", calibrate_rows),
    ("doctor", doctor),
):
    app.command(name, short_help=command.SUMMARY, epilog=command.EPILOG)(command.run)
sdk_trace.add_to(sdk.app)
app.add_typer(sdk.app, name="sdk")
app.add_typer(fault.app, name="fault")
app.add_typer(firmware.app, name="firmware")


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """End in good order when the system asks for it: half-written files are removed."""
    raise SystemExit(TERMINATED)


def main() -> None:
    """Run the command line of this process."""
    signal.signal(signal.SIGTERM, _terminate)
    app(prog_name="fullwell", args=sys.argv[1:])


if __name__ == "__main__":
    main()
