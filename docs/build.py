"""Make the reference pages and pictures: `make docs`; with the word ``features`` the feature table only.

``docs/features.md`` joins the promises of the vendor's pages (``promises.toml``) with the tests that name them;
the pictures are frames of the twin, taken and drawn by the program itself.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

from fullwell.twin.trouble_table import TROUBLES

ROOT = Path(__file__).resolve().parents[1]
HEAD = """# What the vendor's pages promise, and what works today

Made by `make docs` from `docs/promises.toml` and the tests that name each row (`@pytest.mark.requirement`). A row
works when such a test passes through the public API on the twin; until then it says "not yet".

| id | promise | state | proved by |
|---|---|---|---|
"""
TABLE = "<!-- table of troubles: made by `make docs` from `fullwell.twin.trouble_table` -->"
TABLE_END = "<!-- end of the table -->"


def requirement_ids(decorator: ast.expr) -> list[str]:
    """Ids in one ``@pytest.mark.requirement(...)``; empty for any other decorator."""
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.requirement"):
        return [str(argument.value) for argument in decorator.args if isinstance(argument, ast.Constant)]
    return []


def proofs(tests: Path) -> dict[str, list[str]]:
    """Test files by the requirement ids that their tests name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(tests.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                for decorator in node.decorator_list:
                    for row in requirement_ids(decorator):
                        found[row].add(path.relative_to(ROOT).as_posix())
    return {row: sorted(files) for row, files in found.items()}


def features() -> str:
    """The feature table as Markdown."""
    promises = tomllib.loads((ROOT / "docs" / "promises.toml").read_text(encoding="utf-8"))
    named = proofs(ROOT / "tests")
    unknown = sorted(set(named) - set(promises))
    if unknown:
        raise SystemExit(f"tests name rows that docs/promises.toml does not have: {', '.join(unknown)}")
    lines = []
    for row, promise in promises.items():
        files = named.get(row, [])
        state = "not yet" if not files else f"partly: {promise['partly']}" if "partly" in promise else "works"
        lines.append(f"| {row} | {promise['text']} | {state} | {', '.join(f'`{file}`' for file in files)} |")
    return HEAD + "\n".join(lines) + "\n"


def faults() -> str:
    """The page of troubles, its table made from the board."""
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    head, _, rest = page.partition(TABLE)
    lines = ["", "", "| trouble | befalls | parameters | what happens | source |", "|---|---|---|---|---|"]
    for each in TROUBLES:
        parameters = "; ".join(
            f"`{one.name}` {one.low:g} to {one.high:g} {one.unit}".rstrip() + f" [{one.default:g}]: {one.meaning}"
            for one in each.parameters
        )
        lines.append(f"| `{each.name}` | {each.part} | {parameters} | {each.description} | {each.source} |")
    return head + TABLE + "\n".join(lines) + "\n\n" + TABLE_END + rest.partition(TABLE_END)[2]


def fullwell(*arguments: str) -> None:
    """Run the command of this environment."""
    subprocess.run([str(Path(sys.executable).with_name("fullwell")), *arguments], check=True)


def pictures(folder: Path) -> None:
    """The pictures of README and pages: the Pleiades by a twin of the QHY600 Pro; a row calibration of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        frame = str(Path(scratch) / "first_light.fits")
        fullwell(
            *(
                "capture",
                "twin:qhy600-pro",
                "--ra",
                "56.75",
                "--dec",
                "24.12",
                "--filter",
                "L",
                "--exposure",
                "60",
            ),
            *("--seed", "1", "--instant", "--out", frame),
        )
        fullwell("show", frame, "--out", str(folder / "first_light.png"))
    fullwell(
        *("pins", "twin:qhy42-pro", "--gpio", "five-pin", "--exposure", "0.02", "--overwrite"),
        *("--plot", str(folder / "oscilloscope.png")),
    )
    subprocess.run(  # it ends with 1: there is trouble to be shown
        [
            str(Path(sys.executable).with_name("fullwell")),
            *("doctor", "twin:qhy600-pro", "--instant", "--seed", "1", "--usb-traffic", "30", "--overwrite"),
            *("--only", "noise", "--only", "banding", "--only", "cooling", "--only", "power"),
            *("--plot", str(folder / "doctor.png")),
        ],
        check=False,
    )
    fullwell(
        *("calibrate-rows", "twin:qhy600-pro", "--columns", "64", "--seed", "1", "--instant", "--overwrite"),
        *("--plot", str(folder / "row_calibration.png")),
    )
    fullwell(
        *("cool", "twin:qhy600-pro", "--to", "-10", "--hold", "240", "--warm-up", "--instant", "--overwrite"),
        *("--plot", str(folder / "cooling.png")),
    )


if __name__ == "__main__":
    (ROOT / "docs" / "features.md").write_text(features(), encoding="utf-8")
    (ROOT / "docs" / "faults.md").write_text(faults(), encoding="utf-8")
    if sys.argv[1:] != ["features"]:
        pictures(ROOT / "docs" / "pictures")
