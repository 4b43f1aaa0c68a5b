"""Machine code that was kept is used again, unless any kernel source has changed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from fullwell import compiled

SOURCE = """
from fullwell.compiled import njit

@njit(cache=True)
def twice(x):
    return 2 * x
"""


def hits_after_one_call(path: Path) -> int:
    """Import a fresh copy of the module, call its kernel, and tell how often kept code served."""
    spec = importlib.util.spec_from_file_location("kept_kernel", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kept_kernel"] = module
    spec.loader.exec_module(module)
    assert module.twice(21) == 42
    return sum(module.twice.stats.cache_hits.values())


def test_kept_code_is_valid_for_the_sources_of_all_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept_kernel.py"
    path.write_text(SOURCE, encoding="utf-8")
    assert hits_after_one_call(path) == 0
    assert hits_after_one_call(path) == 1
    monkeypatch.setattr(compiled, "sources_digest", lambda: "another kernel was changed")
    assert hits_after_one_call(path) == 0


def test_all_kernels_are_compiled_here() -> None:
    package = Path(compiled.__file__).parents[1]
    sources = {path: path.read_text("utf-8") for path in package.rglob("*.py") if path.parent.name != "compiled"}
    assert [path.name for path, text in sources.items() if "import njit" in text], "no kernel at all?"
    assert [
        path.name for path, text in sources.items() if "numba import njit" in text or "numba.njit" in text
    ] == []
