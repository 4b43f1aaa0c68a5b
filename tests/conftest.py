"""What all tests share: the reference material beside the checkout, and outside tools, skipped with a reason."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parents[2] / "shared"

settings.register_profile("shared machine", deadline=None)  # how long an example takes says nothing there
settings.load_profile("shared machine")


def pytest_configure() -> None:
    """Let programs that tests start hear Ctrl-C: shells make background jobs deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference data that is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip("reference data folder 'shared' is not beside this checkout")
    return SHARED


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose outside program is not installed."""
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            if shutil.which(tool) is None:
                pytest.skip(f"the program {tool!r} is not installed")
