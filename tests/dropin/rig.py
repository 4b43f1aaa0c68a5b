"""The library built once, an engine beside it, and the vendor's own library as an oracle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fullwell.connect import scan_cameras
from fullwell.serve.sdk.build import build
from fullwell.serve.sdk.trace.recording import build_tracer

WHEEL = "qhyccd==0.1.3"
STARTS_WITHIN_S = 240
FAKE_USB = "libusb-1-919e7ca7.0.so.0"
EXPORTS = Path(__file__).parents[2] / "src" / "fullwell" / "serve" / "sdk" / "exports.csv"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our libqhyccd.so.20."""
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler here")
    return build(tmp_path_factory.mktemp("sdk"), str(Path(sys.executable).with_name("fullwell")))


@pytest.fixture(scope="session")
def tracer(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands before it to record calls."""
    return build_tracer(tmp_path_factory.mktemp("tracer"))


@dataclass(frozen=True)
class Engine:
    """A running engine: what a program must have in its environment to use it, and its process."""

    environment: dict[str, str]
    process: int

    def run(self, *words: str, seconds: float = 300) -> str:
        """Run a program on it; what it printed."""
        result = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout


def compile_program(source: str, target: Path, library: Path, *flags: str) -> Path:
    """Compile one of ``sources`` against our header and library."""
    words = [f"-I{library.parents[1] / 'include'}", str(Path(__file__).parent / "sources" / source)]
    words += [f"-L{library.parent}", "-lqhyccd", "-pthread"]
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", *flags, "-o", target, *words], check=True)
    return target


def start_engine(library: Path, folder: Path, words: tuple[str, ...]) -> tuple[Engine, subprocess.Popen[bytes]]:
    """Start an engine whose socket and log lie in a folder of its own."""
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(library.parent),
        "FULLWELL_SDK_SOCKET": str(folder / "engine.sock"),
        "FULLWELL_SDK_NO_START": "1",
    }
    cameras = [word for name in words if name.startswith("twin:") for word in ("--camera", name)]
    others = [name for name in words if not name.startswith("twin:")]
    told = folder / "engine.log"  # a pipe that nobody reads would stop the engine once it is full
    with told.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fullwell.cli.main", "sdk", "engine", "--idle", "600", *cameras, *others],
            env=environment,
            stderr=log,
        )
    end_s = time.monotonic() + STARTS_WITHIN_S
    while b"listening" not in told.read_bytes():
        assert process.poll() is None, told.read_text()
        assert time.monotonic() < end_s, "the engine does not start"
        time.sleep(0.05)
    return Engine(environment, process.pid), process


def stop_engine(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(120)


@pytest.fixture(scope="session")
def engine(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Engine]]:
    """Start engines: ``engine("twin:qhy600-pro", "--instant")``; one that runs already is used again."""
    known: dict[tuple[str, ...], tuple[Engine, subprocess.Popen[bytes]]] = {}

    def start(*words: str) -> Engine:
        if words not in known:
            known[words] = start_engine(library, tmp_path_factory.mktemp("engine"), words)
        return known[words][0]

    yield start
    for _, process in known.values():
        stop_engine(process)


@pytest.fixture
def fresh_engine(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Engine]]:
    """The same for one test alone: nothing has warmed the sensor yet."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> Engine:
        started, process = start_engine(library, tmp_path_factory.mktemp("engine"), words)
        running.append(process)
        return started

    yield start
    for process in running:
        stop_engine(process)


@pytest.fixture
def real(engine: Callable[..., Engine], library: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Attach cameras that look real: twins behind our library; the name of the first."""

    def attach(*words: str) -> str:
        running = engine(*words)
        monkeypatch.setenv("FULLWELL_QHYCCD_LIBRARY", str(library))
        for name in ("FULLWELL_SDK_SOCKET", "FULLWELL_SDK_NO_START"):
            monkeypatch.setenv(name, running.environment[name])
        return scan_cameras()[0].name

    return attach


@dataclass(frozen=True)
class Oracle:
    """The vendor's library, which believes that a camera is attached."""

    library: Path
    fake_usb: Path

    def run(self, usb_id: str, *words: str, replies: dict[int, bytes] | None = None) -> str:
        """Run a program on it, with a camera of that USB id, which gives these replies to control requests."""
        environment = {
            **os.environ,
            "LD_PRELOAD": str(self.fake_usb),
            "FAKEUSB": f"1618:{usb_id}",
            "FAKEUSB_BULK": "1",
        }
        with tempfile.NamedTemporaryFile("w", suffix=".tab") as table:
            for request, reply in (replies or {}).items():
                table.write(f"{request:02x} {reply.hex(' ')}\n")
            table.flush()
            environment["FAKEUSB_TAB"] = table.name
            result = subprocess.run(
                words, env=environment, capture_output=True, text=True, timeout=300, check=False
            )
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout


@pytest.fixture(scope="session")
def oracle(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """The vendor's library of the wheel `qhyccd`, and a simulated USB; downloaded, never kept."""
    folder = tmp_path_factory.mktemp("oracle")
    got = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if got.returncode or not wheels:
        pytest.skip(f"the wheel {WHEEL} cannot be had here: {got.stderr.strip()[-200:]}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder)
    fake_usb = folder / FAKE_USB
    subprocess.run(
        [
            "cc",
            "-O2",
            "-fPIC",
            "-shared",
            f"-Wl,-soname,{FAKE_USB}",
            "-o",
            str(fake_usb),
            shared / "oracle/fakeusb.c",
        ],
        check=True,
    )
    return Oracle(next(folder.glob("qhyccd.libs/libqhyccd-*.so.20")), fake_usb)
