"""The table of error numbers is complete, and says what the interface says."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import fullwell
from fullwell import errors
from fullwell.serve.alpaca.error_numbers import NUMBERS, error_number


def family(root: type[errors.FullwellError]) -> Iterator[type[errors.FullwellError]]:
    """A class and all that descend from it, as far as the package defines them."""
    yield root
    for child in root.__subclasses__():
        if child.__module__.startswith("fullwell."):
            yield from family(child)


def everything() -> set[type[errors.FullwellError]]:
    """All errors of the package, wherever they are defined; those of the command line never come to a door."""
    for module in pkgutil.walk_packages(fullwell.__path__, "fullwell."):
        if "__main__" not in module.name:
            importlib.import_module(module.name)
    return {kind for kind in family(errors.FullwellError) if not kind.__module__.startswith("fullwell.cli.")}


def test_every_error_has_a_number_of_its_own_entry() -> None:
    assert everything() == set(NUMBERS)


def test_ascom_numbers() -> None:
    """0x400 to 0x4FF are ASCOM's and mean what it says; all others are the driver's."""
    ascom = {
        0x400: errors.NotSupported,
        0x401: errors.InvalidValue,
        0x407: errors.NotConnected,
        0x40B: errors.InvalidOperation,
        0x40E: errors.ExposureAborted,
    }
    for number, kind in ascom.items():
        assert NUMBERS[kind] == number
    for kind, number in NUMBERS.items():
        assert 0x400 <= number <= 0xFFF
        if number < 0x500 and number != 0x40C:
            assert issubclass(kind, ascom[number])


def test_impossible_and_refused_are_told_apart() -> None:
    for kind in family(errors.InvalidValue):
        assert NUMBERS[kind] == 0x401
    assert not set(family(errors.InvalidOperation)) & set(family(errors.InvalidValue))


def test_an_unlisted_error_has_the_number_of_its_parent() -> None:
    class Sulking(errors.DeviceLost):
        pass

    assert error_number(Sulking("x")) == NUMBERS[errors.DeviceLost]
