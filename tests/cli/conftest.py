"""How the command is run in tests: in this process where that proves the same, else as users run it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from fullwell.cli.main import app

COMMAND = [sys.executable, "-m", "fullwell.cli.main"]


@pytest.fixture
def run(tmp_path, monkeypatch) -> Callable[..., Any]:
    """Run the command in this process, in an empty folder; gives stdout, stderr and exit_code."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object) -> Any:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(app, words, catch_exceptions=False, prog_name="fullwell")

    return invoke


@pytest.fixture
def start(tmp_path) -> Callable[..., subprocess.Popen[str]]:
    """Start the command as a process of its own; whatever still runs at the end of the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=tmp_path,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
