"""``fullwell fault``: troubles of cameras that `fullwell serve` runs, over its REST door."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from fullwell.cli.talk import say

SUMMARY: Final = "Let something go wrong with a camera that is being served."
EPILOG: Final = """\b
Examples:
  fullwell serve &                             a camera to trouble
  fullwell fault list                          what can go wrong, and how badly
  fullwell fault set 0 unplug --for 60         pull the data cable for a minute
  fullwell fault set 0 lost-packets --rate 0.1
  fullwell fault show 0                        what is wrong now, set on purpose or not
  fullwell fault clear 0                       all is well again
  fullwell fault set http://mountain:11111/1 power-cut

\b
A camera is given by its number or identity, at --host and --port, or by its address. Times are in the time of
the camera. Clients see what they would see of a camera in trouble; the answer key of each frame tells the truth.
"""
PORT: Final = 11111
ANSWER_S: Final = 15.0

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, epilog=EPILOG, help=SUMMARY)

CameraArgument = Annotated[str, typer.Argument(metavar="CAMERA", help="Number, identity, or address.")]
HostOption = Annotated[str, typer.Option(metavar="ADDRESS", help="Where `fullwell serve` listens.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="And at which port.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, on standard output.")]


@app.command("list")
def list_troubles(as_json: JsonOption = False) -> None:
    """What can go wrong: names, limits, and who has met it."""
    import json
    from dataclasses import asdict

    from fullwell.twin.trouble_table import TROUBLES

    if as_json:
        typer.echo(json.dumps([asdict(trouble) for trouble in TROUBLES]))
        return
    for trouble in TROUBLES:
        typer.echo(f"{trouble.name}  ({trouble.part})")
        typer.echo(f"    {trouble.description}")
        for each in trouble.parameters:
            unit = f" {each.unit}" if each.unit else ""
            typer.echo(
                f"    --{each.name.replace('_', '-')} {each.low:g} to {each.high:g}{unit} [{each.default:g}]: "
                f"{each.meaning}"
            )
        typer.echo(f"    Source: {trouble.source}")


@app.command("show")
def show(
    camera: CameraArgument = "0",
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    as_json: JsonOption = False,
) -> None:
    """State, alarms and troubles of a camera."""
    import json

    address = _address(camera, host, port)
    told = {**_ask("GET", address), "troubles": _ask("GET", f"{address}/troubles")["active"]}
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"{told['model']} ({told['id']}): {told['state']}, lost and back {told['recoveries']} times")
    for alarm in told["alarms"]:
        typer.echo(f"  {alarm['severity']}: {alarm['kind']}: {alarm['text']} {alarm['remedy']}".rstrip())
    for trouble in told["troubles"]:
        typer.echo(f"  on: {_line(trouble)}")
    if not told["alarms"] and not told["troubles"]:
        typer.echo("  nothing is wrong")


@app.command("set", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def set_trouble(
    context: typer.Context,
    camera: CameraArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `fullwell fault list` names it.")],
    for_s: Annotated[
        float | None,
        typer.Option("--for", metavar="S", help="After so long it ends by itself, s. [when it is cleared]"),
    ] = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
) -> None:
    """Let a trouble begin; parameters follow as options: --rate 0.1"""
    values: dict[str, float] = _parameters(context.args)
    if for_s is not None:
        values["for_s"] = for_s
    told = _ask("PUT", f"{_address(camera, host, port)}/troubles/{_quoted(name)}", values)
    say(f"on: {_line(told['set'])}")


@app.command("clear")
def clear(
    camera: CameraArgument,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Default is all.")] = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
) -> None:
    """End a trouble, or all."""
    tail = "" if name is None else f"/{_quoted(name)}"
    told = _ask("DELETE", f"{_address(camera, host, port)}/troubles{tail}")
    for trouble in told["cleared"]:
        say(f"off: {_line(trouble)}")
    if not told["cleared"]:
        say("nothing was on")


def _line(trouble: dict[str, Any]) -> str:
    told = " ".join(f"--{name.replace('_', '-')} {value:g}" for name, value in trouble["parameters"].items())
    return f"{trouble['name']} {told}".rstrip()


def _parameters(words: list[str]) -> dict[str, float]:
    """Options that are not known beforehand: --rate 0.1, --rate=0.1."""
    import math

    from fullwell.errors import InvalidValue

    values: dict[str, float] = {}
    pending = list(words)
    while pending:
        option, _, text = pending.pop(0).partition("=")
        if not option.startswith("--") or not (text or pending):
            raise InvalidValue(f"{option!r} is no parameter with a value.", "Give e.g. --rate 0.1")
        text = text or pending.pop(0)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InvalidValue(f"{option} must be a number, not {text!r}.", "Give e.g. --rate 0.1")
        values[option[2:].replace("-", "_")] = value
    return values


def _quoted(word: str) -> str:
    from urllib.parse import quote

    return quote(word, safe="")


def _address(camera: str, host: str, port: int) -> str:
    """Of a camera: of a number, of an identity, or of http://host:port/number."""
    from urllib.parse import urlsplit

    from fullwell.errors import InvalidValue

    root = "/fullwell/v1/cameras/"
    if "://" not in camera:
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{port}{root}{_quoted(camera)}"
    parts = urlsplit(camera)
    if parts.scheme != "http" or not parts.netloc:
        raise InvalidValue(f"{camera!r} is no address of a server.", "Give e.g. http://127.0.0.1:11111/0")
    return f"http://{parts.netloc}{root}{_quoted(parts.path.strip('/').rpartition('/')[2] or '0')}"


def _ask(method: str, address: str, body: dict[str, float] | None = None) -> dict[str, Any]:
    """Ask the server; what it refuses is said in its own words."""
    import json
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    from fullwell.errors import DeviceLost, InvalidValue

    data = None if body is None else json.dumps(body).encode()
    request = Request(address, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=ANSWER_S) as reply:
            told = json.load(reply)
    except HTTPError as refusal:
        with refusal:
            text = refusal.read(65536)
        try:
            told = json.loads(text)
        except ValueError:
            told = {"message": f"{address} answers {refusal.code}: is a fullwell of this version served there?"}
        raise InvalidValue(told["message"], told.get("remedy", "")) from None
    except (OSError, ValueError, HTTPException) as error:
        why = getattr(error, "reason", error)
        raise DeviceLost(
            f"nobody answers at {address}: {why}.", "Start `fullwell serve`, or give --host and --port."
        ) from None
    return dict(told)
