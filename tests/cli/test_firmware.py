"""``fullwell firmware``: versions told, loaded, taken back."""

from __future__ import annotations

import json


def test_a_new_version_is_loaded_remembered_and_taken_back(run) -> None:
    made = run("firmware", "make", "qhy600-pro", "firmware", "2025-03-01", "new.img")
    assert (made.exit_code, made.stdout) == (0, "new.img\n")
    camera = ("twin:qhy600-pro#3", "--flash", "body.json")
    loaded = run("firmware", "update", "twin:qhy600-pro#3", "new.img", "--flash", "body.json")
    assert loaded.exit_code == 0
    assert "2025-03-01, before it 2024-05-20" in loaded.stdout
    told = json.loads(run("firmware", "show", *camera, "--json").stdout)
    assert told["firmware"] == {"running": "2025-03-01", "spare": "2024-05-20"}
    assert told["serial_number"].startswith("QHY600M-")
    back = run("firmware", "rollback", "twin:qhy600-pro#3", "firmware", "--flash", "body.json")
    assert "2024-05-20, before it 2025-03-01" in back.stdout


def test_without_a_memory_it_says_that_it_forgets(run) -> None:
    run("firmware", "make", "qhy42-pro", "fpga", "TEST_V2", "new.img")
    assert "--flash" in run("firmware", "update", "twin:qhy42-pro", "new.img").stderr
    assert "TEST_V2" not in run("firmware", "show", "twin:qhy42-pro").stdout


def test_clear_refusals(run, tmp_path) -> None:
    run("firmware", "make", "qhy42-pro", "fpga", "TEST_V2", "new.img")
    for words, said in (
        (("update", "twin:qhy600-pro", "new.img"), "the image is for the qhy42-pro"),
        (("update", "twin:qhy600-pro", "none.img"), "cannot be read"),
        (("rollback", "twin:qhy600-pro", "fpga"), "no other fpga"),
        (("rollback", "twin:qhy600-pro", "wheel"), "no part 'wheel'"),
        (("make", "qhy600-pro", "firmware", "soon", "x.img"), "is no day"),
        (("make", "qhy60-pro", "firmware", "2025-01-01", "x.img"), "Did you mean"),
        (("make", "qhy42-pro", "fpga", "TEST_V3", "new.img"), "cannot be written"),
    ):
        refused = run("firmware", *words)
        assert refused.exit_code == 1
        assert said in refused.stderr
    damaged = tmp_path / "new.img"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert "damaged" in run("firmware", "update", "twin:qhy42-pro", "new.img").stderr
