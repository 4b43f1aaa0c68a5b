"""A doctor for cameras: looks at one through the client's interface, says what is wrong, and what to do.

Nothing here knows whether the camera is a twin.
"""

from fullwell.measure.doctor.examine import EXAMINATIONS, Examination, Report, examine
from fullwell.measure.doctor.verdict import Curve, Quantity, State, Trouble, Verdict

__all__ = ["EXAMINATIONS", "Curve", "Examination", "Quantity", "Report", "State", "Trouble", "Verdict", "examine"]
