"""``fullwell cameras``: which cameras can be opened now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from fullwell.cli.talk import complain

if TYPE_CHECKING:
    from fullwell.connect import Attached

SUMMARY: Final = "Tell which cameras can be opened now."
EPILOG: Final = """\b
Examples:
  fullwell cameras                     twins, and the real cameras that are attached
  fullwell cameras --json              the same for scripts
  fullwell capture $(fullwell cameras --json | jq -r '.cameras[-1].name')
"""


def run(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Tell which cameras can be opened now: twins, and real ones that the vendor's library finds.

    The name in the first column is what all other commands take. Where there is no real camera, standard error
    says why: no library, no permission, or nothing attached.
    """
    from fullwell.connect import attached

    found = attached()
    if as_json:
        _print_json(found)
        return
    _print_table(found)
    if found.trouble:
        complain(found.trouble, found.remedy)


def _print_table(found: Attached) -> None:
    from fullwell.cli.sheet import plain_console, plain_table

    table = plain_table("camera", "model", "id", "firmware")
    for each in found.cameras:
        table.add_row(each.name, each.title, each.id, each.firmware or "told once it is open")
    plain_console().print(table)


def _print_json(found: Attached) -> None:
    from dataclasses import asdict

    import orjson

    told = {
        "cameras": [asdict(each) for each in found.cameras],
        "trouble": found.trouble,
        "remedy": found.remedy,
    }
    typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
