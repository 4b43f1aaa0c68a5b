"""The library exports the vendor's names, all of them, and nothing of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dropin.rig import Oracle
from fullwell.serve.sdk.exports import exports

BUNDLED = ("cJSON_", "fpga_", "ini_", "_")


def symbols(library: Path) -> set[str]:
    out = subprocess.run(
        ["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True
    ).stdout
    return {line.split()[2] for line in out.splitlines() if line.split()[1] == "T"}


def test_our_names_are_those_of_the_table(library: Path) -> None:
    assert symbols(library) == {each.name for each in exports()}


def test_no_cxx_runtime_is_needed(library: Path) -> None:
    out = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    assert "stdc++" not in out
    assert "python" not in out


@pytest.mark.slow
def test_every_function_of_the_vendor_is_there(oracle: Oracle) -> None:
    """All C functions of version 26.6.4, less the parts it bundles that nobody links."""
    vendor = {name for name in symbols(oracle.library) if not name.startswith(BUNDLED)}
    assert vendor == {each.name for each in exports() if each.exported != "no"}
    assert len(vendor) == 207


@pytest.mark.parametrize("compiler", [("cc", "-xc"), ("g++", "-xc++")])
def test_programs_of_the_vendors_words_compile(library: Path, tmp_path: Path, compiler: tuple[str, str]) -> None:
    """Types, enumerations and macros that INDI, PHD2 and the vendor's samples use, in C and in C++."""
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not here")
    source = Path(__file__).parents[2] / "dropin" / "sources" / "words.c"
    words = [*compiler, "-Wall", "-Wextra", "-Werror", f"-I{library.parents[1] / 'include'}", str(source)]
    subprocess.run([*words, "-o", tmp_path / "words", f"-L{library.parent}", "-lqhyccd"], check=True)
    subprocess.run([tmp_path / "words"], env={"LD_LIBRARY_PATH": str(library.parent)}, check=True)
