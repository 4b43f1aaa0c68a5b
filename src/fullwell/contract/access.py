"""Checks: who the camera is, and whether it can be let go and taken up again."""

from __future__ import annotations

from typing import Final

from fullwell.camera.states import State
from fullwell.contract.checks import Check, check
from fullwell.contract.stand import Stand
from fullwell.contract.verdicts import expect
from fullwell.errors import NotConnected

LONGEST_ID: Final = 63


@check(
    "identity",
    "Files and programs know a camera by its name, which must be its own and stay.",
    "Look whether another program or a copied settings file names the camera otherwise.",
)
def identity(stand: Stand) -> str:
    """A printable name, the model that belongs to it, the same after opening again."""
    who = stand.camera.identity
    good = 0 < len(who.id) <= LONGEST_ID and who.id.isascii() and who.id.isprintable()
    expect(good, f"a name of 1 to {LONGEST_ID} printable characters", repr(who.id))
    expect(who.model_key == stand.model.key, f"the model {stand.model.key}", who.model_key)
    stand.reopen()
    expect(stand.camera.identity == who, f"{who} after opening again", stand.camera.identity)
    return f"{who.id}, firmware {who.firmware or 'unknown'}, FPGA {who.fpga or 'unknown'}"


@check(
    "reopen",
    "A night survives a program that ends and begins again.",
    "Switch the camera off and on; if it stays so, use another SDK version.",
)
def reopen(stand: Stand) -> str:
    """Closed twice, it refuses; opened twice, it has its settings and gives frames."""
    camera = stand.camera
    asked = stand.configure(gain=stand.model.gain.low, offset=round(stand.model.offset.default))
    camera.close()
    camera.close()
    expect(camera.state is State.CLOSED, "closed", camera.state)
    try:
        camera.start()
    except NotConnected:
        pass
    else:
        expect(False, "a closed camera to refuse an exposure", "none")
    stand.reopen()
    camera.open()
    frame = camera.expose()
    expect(frame.report.settings == asked, f"the settings of before, {asked}", frame.report.settings)
    expect(frame.number == 1, "frame number 1 after opening", frame.number)
    return "closed, opened, same settings, frames come"


CHECKS: Final[tuple[Check, ...]] = (identity, reopen)
