from __future__ import annotations

import pytest

from contract.bench import Bench, benches
from dropin.rig import engine, library, real

__all__ = ["bench", "engine", "library", "real"]

BENCHES = dict(benches())


@pytest.fixture(params=BENCHES.values(), ids=BENCHES.keys())
def bench(request: pytest.FixtureRequest) -> Bench:
    """A kind of device with a model."""
    chosen: Bench = request.param
    return chosen
