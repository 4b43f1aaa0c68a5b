"""Plain HTTP: connections, methods, forms, numbers, rubbish."""

from __future__ import annotations

import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullwell.serve.alpaca import AlpacaServer
from patterned.wire import BYTES, CLIENT, FORM, TRANSACTION, Wire

IDLE = 0
IDS = f"ClientID={CLIENT}&ClientTransactionID={TRANSACTION}"


def test_keep_alive(server: AlpacaServer, wire: Wire) -> None:
    wire.get("Name")
    before = wire.http.sock
    for _ in range(50):
        wire.get("Name")
        wire.put("BinX", BinX=1)
    assert wire.http.sock is before


def test_pipelining(server: AlpacaServer, wire: Wire) -> None:
    members = ["cameraxsize", "cameraysize", "binx", "imageready"] * 5
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(
            "".join(
                f"GET {wire.base}{member}?ClientID={CLIENT}&ClientTransactionID={number} HTTP/1.1\r\n"
                "Host: localhost\r\n" + ("Connection: close\r\n\r\n" if number == len(members) else "\r\n")
                for number, member in enumerate(members, start=1)
            ).encode()
        )
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200") == len(members)
    places = [received.index(b'"ClientTransactionID":%d,' % number) for number in range(1, len(members) + 1)]
    assert places == sorted(places)


@pytest.mark.parametrize("member", ["BinX", "ImageArray", "DeviceState", "Gains"])
def test_head(wire: Wire, member: str) -> None:
    wire.expose(0.001)
    path = f"{wire.base}{member.lower()}?{IDS}"
    head = wire.send("HEAD", path, None, BYTES)
    get = wire.send("GET", path, None, BYTES)
    assert (head.status, head.media, head.body) == (200, get.media, b"")
    if member == "ImageArray":
        assert int(head.headers["content-length"]) == len(get.body)
    assert wire.read("BinX") == 1  # the connection is still in step


def test_chunked_form(wire: Wire) -> None:
    wire.http.request(
        "PUT",
        f"{wire.base}binx",
        iter([b"Bin", b"X=2&Clie", f"ntID={CLIENT}".encode()]),
        FORM,
        encode_chunked=True,
    )
    reply = wire.http.getresponse()
    assert reply.status == 200
    assert b'"ErrorNumber":0' in reply.read()
    assert wire.read("BinX") == 2


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b'{"BinX": 1}'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="BinX"\r\n\r\n1\r\n--x--',
        ),
        ("application/x-www-form-urlencoded", b"BinX=1&" + b"x" * 20_000),
        ("application/x-www-form-urlencoded", b"&".join(b"x=1" for _ in range(100)) + b"&BinX=1"),
        ("application/x-www-form-urlencoded", b"BinX=%ff"),
        ("application/x-www-form-urlencoded", b"BinX=\xff"),
        ("application/x-www-form-urlencoded", b""),
    ],
)
def test_forms_that_are_none(wire: Wire, media: str, body: bytes) -> None:
    reply = wire.send("PUT", f"{wire.base}binx", body, {"Content-Type": media})
    assert reply.status == 400
    assert reply.body
    assert wire.read("BinX") == 1


def test_put_parameters_do_not_count_in_the_query(wire: Wire) -> None:
    assert wire.send("PUT", f"{wire.base}binx?BinX=2&{IDS}", b"", FORM).status == 400


@pytest.mark.parametrize(
    "value",
    [
        "99999999999999999999",
        "2147483648",
        "1e3",
        "1.0",
        "0x10",
        "1_0",
        " 1",
        "1 ",
        "١",
        "１",
        "--1",
        "",
        "None",
        "1" * 5000,
    ],
)
def test_what_is_not_a_whole_number(wire: Wire, value: str) -> None:
    assert wire.put("NumX", NumX=value).status == 400
    assert wire.read("NumX") == 90


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-inf", "1e999", "1,5", "1_0.0", " 1", "", "١", "1e", "0x1p3", ".", "e5"]
)
def test_what_is_not_a_number(wire: Wire, value: str) -> None:
    assert wire.put("StartExposure", Duration=value, Light=True).status == 400
    assert wire.read("CameraState") == IDLE


@pytest.mark.parametrize(
    ("value", "duration"), [("1e-3", 1e-3), ("+.001", 1e-3), ("0.0010", 1e-3), ("1.E-3", 1e-3)]
)
def test_what_is_a_number(wire: Wire, value: str, duration: float) -> None:
    wire.write("StartExposure", Duration=value, Light=True)
    wire.until(lambda: wire.read("ImageReady"))
    assert wire.read("LastExposureDuration") == pytest.approx(duration)


@pytest.mark.parametrize(
    ("client", "status"), [(0, 200), (2**32 - 1, 200), (2**32, 400), (-1, 400), ("1.0", 400)]
)
@pytest.mark.parametrize("name", ["ClientID", "ClientTransactionID"])
def test_identifiers_have_32_bits(server: AlpacaServer, name: str, client: object, status: int) -> None:
    wire = Wire(server.address)
    reply = wire.get_raw("Name", [(name, client)])
    assert reply.status == status
    if status == 200 and name == "ClientTransactionID":
        assert reply.json["ClientTransactionID"] == client
    wire.close()


@pytest.mark.parametrize("pairs", [[("ClientID", 1), ("ClientID", 1)], [("ClientID", 1), ("clientid", 2)]])
def test_parameters_that_come_twice(server: AlpacaServer, pairs: list[tuple[str, object]]) -> None:
    wire = Wire(server.address)
    assert wire.get_raw("Name", pairs).status == 400
    wire.close()


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 50]
)
def test_garbage_does_no_harm(server: AlpacaServer, wire: Wire, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(garbage)
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(2)
        raw.recv(1000)
    assert wire.read("BinX") == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=40))
@pytest.mark.parametrize("member", ["binx", "description", "imagearray"])
def test_any_query_is_answered(wire: Wire, member: str, query: str) -> None:
    assert wire.send("GET", f"{wire.base}{member}?{query}").status in (200, 400)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60) | st.from_regex(rb"(BinX|Light|ClientID|Duration)=[ -~]{0,9}(&[ -~]{0,9})?"))
@pytest.mark.parametrize("member", ["binx", "commandblind", "connecting"])
def test_any_form_is_answered(wire: Wire, member: str, body: bytes) -> None:
    assert wire.send("PUT", f"{wire.base}{member}", body, FORM).status in (200, 400, 405)
