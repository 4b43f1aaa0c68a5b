"""Plain pages for people: what is served, and each member with its present value."""

from __future__ import annotations

import html
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

import fullwell
from fullwell.errors import FullwellError
from fullwell.serve.alpaca.device import AlpacaDevice
from fullwell.serve.alpaca.management import TYPE_NAMES
from fullwell.serve.alpaca.members import Kind, Member
from fullwell.serve.alpaca.router import run

REFERENCE = "https://ascom-standards.org/api/"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;"
    "padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}code{background:#f3f3f3;padding:0 .2rem}"
    "@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}td,th{border-color:#444}"
    "code{background:#2a2a2a}a{color:#8bf}}"
)


def page(title: str, body: str) -> HTMLResponse:
    """A complete page. `body` is HTML, `title` is text."""
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
    )
    foot = (
        f'<p><small>fullwell {fullwell.__version__}; <a href="{REFERENCE}">ASCOM Alpaca reference</a>; '
        "manual: docs/alpaca.md in the source.</small></p>"
    )
    return HTMLResponse(f"{head}<body><h1>{html.escape(title)}</h1>{body}{foot}</body></html>")


def overview(devices: Sequence[AlpacaDevice], authority: str) -> HTMLResponse:
    """What is served and how to connect."""
    rows = "".join(
        f'<tr><td><a href="/setup/v1/{device.kind}/{device.number}/setup">{html.escape(device.name)}</a></td>'
        f"<td>{TYPE_NAMES[device.kind]} {device.number}</td><td>{html.escape(device.description)}</td></tr>"
        for device in devices
    )
    where = html.escape(authority)
    body = (
        f"<table><tr><th>Device</th><th>Alpaca</th><th></th></tr>{rows}</table>"
        "<h2>Connecting</h2><p>N.I.N.A., SharpCap and other ASCOM programs find these devices by themselves when "
        "they run on this computer; choose the Alpaca device of the same name. Otherwise give the address "
        f"<code>{where}</code> and the device number.</p>"
        f'<p>In Python: <code>from alpaca.camera import Camera; camera = Camera("{where}", 0)</code></p>'
    )
    return page("fullwell: cameras over Alpaca", body)


async def member_value(device: AlpacaDevice, member: Member, client: int) -> str:
    """Present value of a readable member as HTML."""
    if member.kind is Kind.IMAGE:
        return ""
    try:
        value = await run(member, device, client, [])
    except FullwellError as reason:
        return f"<i>{html.escape(str(reason))}</i>"
    return html.escape(plain(value))


def plain(value: object) -> str:
    """A value as people write it.

    Examples
    --------
    >>> plain(["L", "R"]), plain(1 / 3), plain([{"Name": "Position", "Value": 2}])
    ('L, R', '0.333333', 'Position 2')
    """
    if isinstance(value, list):
        return ", ".join(plain(element) for element in value)
    if isinstance(value, dict):
        return " ".join(plain(part) for part in value.values())
    return f"{value:g}" if isinstance(value, float) else str(value)


async def device_page(device: AlpacaDevice) -> HTMLResponse:
    """One device: every readable member, its value, its meaning."""
    nobody = -1
    rows = []
    for path in sorted(device.members):
        member = device.members[path].get("GET")
        if member is not None and not member.parameters:
            value = await member_value(device, member, nobody)
            meaning = html.escape(member.meaning)
            rows.append(f"<tr><td><code>{member.name}</code></td><td>{value}</td><td>{meaning}</td></tr>")
    facts = (
        f"<p>{html.escape(device.description)}. UniqueID <code>{device.unique_id}</code>. There is nothing "
        "to set up here: everything is set by the client, and by how the server was started. "
        '<a href="/setup">All devices</a></p>'
    )
    table = f"<table><tr><th>Member</th><th>Now</th><th>Meaning</th></tr>{''.join(rows)}</table>"
    return page(device.name, facts + table)


def page_routes(devices: Sequence[AlpacaDevice]) -> list[Route]:
    """The setup pages."""
    known = {(device.kind, str(device.number)): device for device in devices}

    async def server(request: Request) -> Response:
        return overview(devices, request.headers.get("host", "127.0.0.1:11111"))

    async def one(request: Request) -> Response:
        device = known.get((request.path_params["kind"], request.path_params["number"]))
        if device is None:
            return PlainTextResponse("There is no such device here; /setup lists what there is.", 404)
        return await device_page(device)

    return [
        Route("/", server, methods=["GET"]),
        Route("/setup", server, methods=["GET"]),
        Route("/setup/v1/{kind}/{number}/setup", one, methods=["GET"]),
    ]
