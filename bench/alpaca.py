"""The Alpaca server with a frame of 61 Mpx: speed against a plain socket in the same run, and who waits for whom.

The server runs here, each client in a process of its own with a plain socket that reads into memory it keeps.
"Warm" is a download of an image that is ready. "Cold" adds the swap of axes, which the server does between the
read-out and ImageReady. Waits are those of another client that polls without pause while something goes on.

Run it alone: ``python -m bench.alpaca``.
"""

from __future__ import annotations

import contextlib
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 21
CLIENT = "ClientID=1&ClientTransactionID=1"
POLLED = ("camerastate", "imageready", "percentcompleted", "ccdtemperature", "gain", "devicestate", "description")


def run() -> list[dict[str, Any]]:
    """All figures.

    Returns
    -------
    list of dict
        Keys task, value, unit, goal (text, "" where there is none).
    """
    import fullwell
    from fullwell.scene import Dark
    from fullwell.serve.alpaca import AlpacaServer
    from fullwell.serve.alpaca.camera import AlpacaCamera

    with (
        fullwell.open("twin:qhy600-pro", scene=Dark(), seed=1) as camera,
        AlpacaServer([camera]) as server,
        plain_socket(
            camera.model.sensor.geometry.effective.width * camera.model.sensor.geometry.effective.height * 2
        ) as plain,
    ):
        device = server.devices[0]
        assert isinstance(device, AlpacaCamera)
        control = Alpaca(server.port)
        control.put("connected", "Connected=True")
        drawing = waits(server.port, lambda: control.expose(1.0))
        alone = waits(server.port, lambda: time.sleep(2.0))
        swap_s = swap_seconds(device.image().pixels.T)
        times = client("downloads", server.port, plain)
        downloading = waits(server.port, lambda: client("imagebytes", server.port, plain))
        by_json = waits(server.port, lambda: client("json", server.port, plain))
        control.put("connected", "Connected=False")
    raw_s, warm_s = times["plain"], times["imagebytes"]
    return [
        row("plain socket, sendall of 122 MB", 122.34e6 / raw_s * 1e-9, "GB/s"),
        row("ImageBytes warm, of the plain socket", raw_s / warm_s, "", "at least 0.8"),
        row("ImageBytes cold, of the plain socket", raw_s / (warm_s + swap_s), "", "at least 0.4"),
        row("swap of axes, 61 Mpx", swap_s * 1e3, "ms"),
        row("wait of others, 99 %, while nothing else goes on", alone * 1e3, "ms"),
        row("wait of others, 99 %, during ImageBytes downloads", downloading * 1e3, "ms", "under 20"),
        row("wait of others, 99 %, during a JSON download", by_json * 1e3, "ms", "under 20"),
        row("wait of others, 99 %, during exposure and read-out", drawing * 1e3, "ms", "under 20"),
    ]


def row(task: str, value: float, unit: str, goal: str = "") -> dict[str, Any]:
    """One line of the table."""
    return {"task": task, "value": value, "unit": unit, "goal": goal}


@contextlib.contextmanager
def plain_socket(size_bytes: int) -> Iterator[int]:
    """The simplest server there can be: one byte asks, `sendall` answers. Gives its port."""
    payload = memoryview(np.ones(size_bytes, np.uint8))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        while connection.recv(1):
                            connection.sendall(payload)

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]


def swap_seconds(frame: np.ndarray) -> float:
    """Median time of the swap of axes, memory in use before."""
    from fullwell.camera.buffers import Pool
    from fullwell.serve.alpaca.images import Picture

    frame, pool, taken = np.ascontiguousarray(frame), Pool(), []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        Picture(frame, pool)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def client(task: str, port: int, plain: int) -> Any:
    """Run one of the tasks below in a process of its own."""
    command = [sys.executable, "-m", "bench.alpaca", task, str(port), str(plain)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT, text=True).stdout)


def waits(port: int, meanwhile: Any) -> float:
    """99th percentile of the waits of a client that polls while `meanwhile` is called, s."""
    command = [sys.executable, "-m", "bench.alpaca", "poll", str(port), "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as poller:
        assert poller.stdout is not None
        assert poller.stdin is not None
        poller.stdout.readline()
        meanwhile()
        poller.stdin.close()
        return float(json.loads(poller.stdout.read()))


class Alpaca:
    """A client on a plain socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.memory = bytearray(1 << 20)

    def ask(self, request: str, body: str = "", accept: str = "application/json") -> tuple[str, bytes]:
        """Headers, and what of the body came with them."""
        self.socket.sendall(
            f"{request} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.socket.recv(65536)
        head, _, rest = received.partition(b"\r\n\r\n")
        return head.decode(), rest

    def get(self, member: str) -> Any:
        """Value of a member."""
        head, rest = self.ask(f"GET /api/v1/camera/0/{member}?{CLIENT}")
        while len(rest) < length_of(head):
            rest += self.socket.recv(65536)
        return json.loads(rest)["Value"]

    def put(self, member: str, form: str) -> None:
        """Set a member; errors end the run."""
        head, rest = self.ask(f"PUT /api/v1/camera/0/{member}", f"{form}&{CLIENT}")
        while len(rest) < length_of(head):
            rest += self.socket.recv(65536)
        if json.loads(rest)["ErrorNumber"]:
            raise RuntimeError(rest.decode())

    def expose(self, duration_s: float) -> None:
        """A whole exposure."""
        self.put("startexposure", f"Duration={duration_s}&Light=False")
        while not self.get("imageready"):
            time.sleep(0.01)

    def download(self) -> None:
        """The image, into memory that is kept."""
        head, rest = self.ask(f"GET /api/v1/camera/0/imagearray?{CLIENT}", accept="application/imagebytes")
        size = length_of(head)
        if len(self.memory) < size:
            self.memory = bytearray(size)
        view = memoryview(self.memory)
        view[: len(rest)] = rest
        fill(self.socket, view[len(rest) : size])


def length_of(head: str) -> int:
    """Content-Length."""
    return next(
        int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length")
    )


def fill(connection: socket.socket, view: memoryview) -> None:
    """Receive exactly as much as `view` holds."""
    while len(view):
        view = view[connection.recv_into(view) :]


def downloads(port: int, plain: int) -> dict[str, float]:
    """Median times of a download from the plain socket and from Alpaca, in turns, s."""
    alpaca, simple = Alpaca(port), socket.create_connection(("127.0.0.1", plain))
    alpaca.download()
    view = memoryview(bytearray(len(alpaca.memory) - 44))
    taken: dict[str, list[float]] = {"plain": [], "imagebytes": []}
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        simple.sendall(b"?")
        fill(simple, view)
        middle = time.perf_counter()
        alpaca.download()
        taken["plain"].append(middle - begin)
        taken["imagebytes"].append(time.perf_counter() - middle)
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


def image_downloads(port: int) -> float:
    """Time of many downloads of the image, s."""
    alpaca = Alpaca(port)
    begin = time.perf_counter()
    for _ in range(2 * ROUNDS):
        alpaca.download()
    return time.perf_counter() - begin


def json_download(port: int) -> float:
    """Time of one download as JSON, s."""
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        request = (
            f"GET /api/v1/camera/0/imagearray?{CLIENT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(request.encode())
        view = memoryview(bytearray(1 << 22))
        while connection.recv_into(view):
            pass
    return time.perf_counter() - begin


def poll(port: int) -> float:
    """99th percentile of the wait for small members until standard input ends, s."""
    alpaca, taken = Alpaca(port), []
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    alpaca.get("name")
    print("ready", flush=True)
    while not over.is_set():
        for member in POLLED:
            begin = time.perf_counter()
            alpaca.get(member)
            taken.append(time.perf_counter() - begin)
    return float(np.quantile(taken, 0.99))


def main() -> None:
    """A task of a client process, or the whole."""
    if len(sys.argv) > 1:
        task, port, plain = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        tasks = {
            "downloads": lambda: downloads(port, plain),
            "imagebytes": lambda: image_downloads(port),
            "json": lambda: json_download(port),
            "poll": lambda: poll(port),
        }
        print(json.dumps(tasks[task]()))
        return
    for line in run():
        print(f"{line['task']:52} {line['value']:8.3g} {line['unit']:5} {line['goal']}")


if __name__ == "__main__":
    main()
