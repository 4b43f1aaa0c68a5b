"""What every camera must do, twin or real, as a list of checks that run on an opened camera.

`CHECKS` is the list, `run_checks` runs it. A check knows nothing of what is at the far end of the cable: it asks
the camera, takes frames, and compares with the facts of the model and with what was asked for.
"""

from fullwell.contract.checks import Check
from fullwell.contract.suite import CHECKS, chosen, run_checks
from fullwell.contract.verdicts import Result, Verdict

__all__ = ["CHECKS", "Check", "Result", "Verdict", "chosen", "run_checks"]
