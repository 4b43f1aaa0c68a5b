"""All parts of the bench, one after the other, in one run: ``make bench``, or ``python -m bench live noise``.

Each part is a module with ``run()`` that returns lines of task, value, unit and goal. It runs in a process of its
own, so that no part inherits memory or compiled code from another. ``--seconds`` sets how long each camera is
recorded in the parts "record" and "sdk". Results go to ``bench/results/<part>.json``.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

PARTS = ("noise", "peers", "live", "alpaca", "hdr", "rice", "record", "sdk")
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
RUN = "import json, sys; from importlib import import_module; print(json.dumps(import_module(sys.argv[1]).run()))"


def machine() -> str:
    """The machine in general terms."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    vector = next((name for name in ("avx512f", "avx2", "asimd") if name in flags), "no vector unit known")
    return f"{os.cpu_count()} cores, {platform.machine()}, {vector}"


def run_part(part: str) -> list[dict[str, Any]]:
    """The lines of a part, kept in a file as well; its complaint as a line if it failed."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, f"bench.{part}"],
        cwd=HERE.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        return [{"task": f"{part} FAILED", "value": float("nan"), "unit": "", "goal": ""}]
    lines: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    RESULTS.mkdir(exist_ok=True)
    kept = {"machine": machine(), "lines": lines}
    (RESULTS / f"{part}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return lines


def main(words: list[str]) -> int:
    """Run parts, print one table; 1 if any failed."""
    from rich.console import Console
    from rich.table import Table

    if "--seconds" in words:
        at = words.index("--seconds")
        os.environ["FULLWELL_BENCH_SECONDS"] = words[at + 1]
        words = words[:at] + words[at + 2 :]
    parts = words
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        print(f"no such part: {', '.join(unknown)}. Known: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    table = Table("part", "task", "value", "unit", "goal", title=machine())
    failed = False
    for part in parts or PARTS:
        print(f"{part} ...", file=sys.stderr)
        for line in run_part(part):
            failed |= line["task"].endswith("FAILED")
            table.add_row(part, line["task"], f"{line['value']:.3g}", line["unit"], line["goal"])
    Console(width=130).print(table)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
