"""Programs in the foreground: their exit status, Ctrl-C, and files that are none."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from fullwell.errors import InvalidValue, MissingFile
from fullwell.serve.sdk.programs import check_program, run_program


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import os, time; time.sleep(0.3); os.kill(os.getppid(), 2); time.sleep(0.3); raise SystemExit(7)", 7),
    ],
)
def test_the_exit_status_is_the_programs_and_so_is_ctrl_c(text: str, status: int) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert run_program([sys.executable, "-c", text], os.environ) == status
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_no_program_is_told(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("no program\n")
    with pytest.raises(MissingFile, match="that can be run"):
        check_program([str(file)])
    file.chmod(0o700)
    check_program([str(file)])
    with pytest.raises(InvalidValue, match=r"cannot be run: Exec format error\. .*interpreter"):
        run_program([str(file)], {})
