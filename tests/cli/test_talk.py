"""What takes long is explained; what does not is done without words."""

from __future__ import annotations

import time

from fullwell.cli.talk import saying_if_long


def test_only_what_takes_long_is_explained(capsys):
    with saying_if_long("still at it ...", patience_s=10.0):
        pass
    assert capsys.readouterr().err == ""
    with saying_if_long("still at it ...", patience_s=0.01):
        time.sleep(0.2)
    assert capsys.readouterr().err == "still at it ...\n"
