from __future__ import annotations

import pytest

from contract.bench import Bench, benches

BENCHES = dict(benches())


@pytest.fixture(params=BENCHES.values(), ids=BENCHES.keys())
def bench(request: pytest.FixtureRequest) -> Bench:
    """A kind of device with a model."""
    chosen: Bench = request.param
    return chosen
