"""A measured number with its standard error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and how well it is known.

    Attributes
    ----------
    value : float
        In the unit that the owner's field name carries.
    standard_error : float
        One standard deviation of the estimator, same unit.

    Examples
    --------
    >>> gain_e_per_dn = Estimate(0.412, 0.002)
    >>> round(gain_e_per_dn.pull(0.409), 1)
    1.5
    >>> f"{gain_e_per_dn:.3f}"
    '0.412 ± 0.002'
    """

    value: float
    standard_error: float

    @property
    def relative_error(self) -> float:
        """Standard error over the magnitude of the value."""
        return self.standard_error / abs(self.value)

    def pull(self, truth: float) -> float:
        """Distance from a true value in standard errors; standard normal if the error is honest."""
        return (self.value - truth) / self.standard_error

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit, `factor` known exactly."""
        return Estimate(self.value * factor, self.standard_error * abs(factor))

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} ± {self.standard_error:{spec}}"
