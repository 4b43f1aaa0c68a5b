"""F5: what the links carry, how far they reach, and what cable, hubs and interference do to rate and losses."""

from __future__ import annotations

from typing import Any

import pytest

import fullwell
from fullwell.camera.clock import InstantClock
from fullwell.camera.engine import Camera
from fullwell.camera.ledger import Fate
from fullwell.connect import Cable
from fullwell.errors import DeviceLost, FrameTimeout
from fullwell.models.facts import Window
from fullwell.scene import Uniform
from fullwell.twin.device import TwinDevice
from fullwell.twin.stream import frame_bytes

NOON_NS = 1_767_225_600_000_000_000


def opened(key: str = "qhy600-pro", **options: Any) -> Camera:
    return fullwell.open(f"twin:{key}", scene=Uniform(100.0), clock=InstantClock(NOON_NS), **options)


def narrow(camera: Camera, rows: int, **settings: Any) -> None:
    """Few columns to draw; the cable carries whole rows all the same."""
    camera.configure(exposure_s=0.0001, window=Window(3000, 1000, 64, rows), **settings)


def twin(camera: Camera) -> TwinDevice:
    assert isinstance(camera.device, TwinDevice)
    return camera.device


def measured_bytes_per_s(camera: Camera, frames: int = 4) -> float:
    """From the starts of frames that come as fast as they can."""
    with camera.live(frames=frames) as live:
        starts_ns = [frame.start_ns for frame in live]
    period_s = (starts_ns[-1] - starts_ns[0]) * 1e-9 / (frames - 1)
    return frame_bytes(camera.model, camera.settings) / period_s


@pytest.mark.requirement("F5")
def test_usb3_carries_about_350_megabytes_per_second() -> None:
    """Within 5 %: the vendor says "about". (The 42 cannot fill the cable: its sensor gives 201 MB/s.)"""
    with opened("qhy268m-pro") as camera:
        mode = min(camera.model.modes, key=lambda each: each.timing.line_period_ns)
        rows = camera.model.sensor.geometry.effective.height - 8
        camera.configure(mode=mode.number, exposure_s=0.0001, window=Window(64, 0, 64, rows), bits=16)
        assert measured_bytes_per_s(camera) == pytest.approx(350e6, rel=0.05)


@pytest.mark.requirement("F5")
def test_usb3_of_the_600_is_as_its_printed_frame_rates_say() -> None:
    """2.5 full frames of 16 bits a second are 308 MB/s: the page's two figures differ by 12 %."""
    with opened() as camera:
        full = camera.model.sensor.geometry.total_height
        camera.configure(exposure_s=0.0001, overscan=True, window=Window(3000, 0, 64, full), bits=16)
        assert measured_bytes_per_s(camera) == pytest.approx(2.5 * 9600 * 6422 * 2, rel=0.01)


@pytest.mark.requirement("F5")
@pytest.mark.parametrize(("fibres", "megabytes_per_s"), [(1, 800), (2, 1600)])
def test_one_fibre_carries_800_and_two_1600_megabytes_per_second(fibres: int, megabytes_per_s: float) -> None:
    with opened(link="fibre", cable=Cable(fibres=fibres)) as camera:
        narrow(camera, 4000, mode=6, bits=16)
        rate = measured_bytes_per_s(camera)
        # The sensor of the 600 makes at most 19200 bytes in 15.42 us, 1245 MB/s: only one fibre is slower.
        if fibres == 1:
            assert rate == pytest.approx(megabytes_per_s * 1e6, rel=0.03)
        device = twin(camera)
        on_the_cable_s = device.wire.link_ns(camera.settings) * 1e-9
        sent_bytes = frame_bytes(camera.model, camera.settings)
        assert sent_bytes / on_the_cable_s == pytest.approx(megabytes_per_s * 1e6, rel=0.03)


@pytest.mark.requirement("F5")
@pytest.mark.parametrize(("cable", "reaches"), [
    (Cable(length_m=3), True), (Cable(length_m=5), True), (Cable(length_m=10), False),
    (Cable(length_m=10, extenders=1), True), (Cable(length_m=15, extenders=2), True),
    (Cable(length_m=30, extenders=5), False),
])  # fmt: skip
def test_usb3_reaches_5_m_and_15_m_with_extenders(cable: Cable, reaches: bool) -> None:
    if not reaches:
        with pytest.raises(DeviceLost, match="too long"):
            opened(cable=cable)
        return
    with opened(cable=cable) as camera:
        narrow(camera, 64)
        with camera.live(frames=10) as live:
            assert sum(1 for _ in live) == 10
        assert live.ledger.lost == 0


@pytest.mark.requirement("F5")
@pytest.mark.parametrize(("cable", "reaches"), [
    (Cable(length_m=300), True), (Cable(length_m=301), False),
    (Cable(length_m=40_000, long_optics=True), True), (Cable(length_m=41_000, long_optics=True), False),
])  # fmt: skip
def test_fibre_reaches_300_m_and_40_km_with_long_optics(cable: Cable, reaches: bool) -> None:
    if not reaches:
        with pytest.raises(DeviceLost, match="too long"):
            opened(link="fibre", cable=cable)
        return
    with opened(link="fibre", cable=cable) as camera:
        narrow(camera, 64)
        assert camera.expose().data.shape == (64, 64)


@pytest.mark.requirement("F5")
def test_a_slow_port_and_a_cable_that_is_rather_too_long_leave_usb2() -> None:
    for cable in (Cable(usb2_port=True), Cable(length_m=8)):
        with opened(cable=cable) as camera:
            assert not twin(camera).super_speed
            narrow(camera, 2000)
            assert measured_bytes_per_s(camera) == pytest.approx(40e6, rel=0.03)


@pytest.mark.requirement("F5")
def test_hubs_cost_some_of_the_rate() -> None:
    rates = []
    for hubs in (0, 1, 3):
        with opened("qhy268m-pro", cable=Cable(hubs=hubs)) as camera:
            narrow(camera, 3000, bits=16)
            rates.append(measured_bytes_per_s(camera))
    assert rates[0] > rates[1] > rates[2] > 0.85 * rates[0]


@pytest.mark.requirement("F5")
def test_interference_loses_frames_on_usb_none_on_fibre_and_the_ledger_says_where() -> None:
    noisy = Cable(length_m=5, interference_per_s=20.0)
    lost = {}
    for link in ("usb3", "fibre"):
        with opened(link=link, cable=noisy) as camera:
            narrow(camera, 400)
            with camera.live(frames=150) as live:
                delivered = sum(1 for _ in live)
            assert delivered == 150
            lost[link] = live.ledger.count(Fate.LOST_ON_LINK)
            assert live.ledger.lost == lost[link]
            device = twin(camera)
            frame_ns = device.wire.link_ns(camera.settings)
            share = device.wire.path.loss_probability(frame_bytes(camera.model, camera.settings), frame_ns)
        # Numbers of losses among frames until 150 are whole: negative binomial, within 5 standard deviations.
        mean = 150 * share / (1 - share)
        assert abs(lost[link] - mean) <= 5 * (150 * share) ** 0.5 / (1 - share)
    assert lost["usb3"] > 0
    assert lost["fibre"] == 0


@pytest.mark.requirement("F5")
def test_a_cable_may_change_while_frames_come() -> None:
    with opened() as camera:
        device = twin(camera)
        narrow(camera, 400)
        with camera.live(frames=100) as live:
            for count, _ in enumerate(live):
                if count == 20:
                    device.cable = Cable(length_m=5, interference_per_s=100.0)
                if count == 60:
                    device.cable = Cable()
        assert live.ledger.count(Fate.LOST_ON_LINK) > 0


@pytest.mark.requirement("F5")
def test_a_single_frame_that_is_lost_ends_with_a_time_out() -> None:
    with opened(cable=Cable(length_m=5, interference_per_s=10_000.0)) as camera:
        narrow(camera, 4000)
        with pytest.raises(FrameTimeout, match="did not arrive whole"):
            camera.expose()
        camera.open()
        device = twin(camera)
        device.cable = Cable()
        assert camera.expose().doubts == ()
