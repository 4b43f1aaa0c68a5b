"""Burst, triggers, GPS, overlay, cooler and time-out through the library."""

from __future__ import annotations

from collections.abc import Callable

from dropin.rig import Engine
from serve.sdk.programs import program


def pro(engine: Callable[..., Engine]) -> Engine:
    return engine("twin:qhy600-pro", "--scene", "uniform", "--link", "usb3")


def test_a_burst_from_1_to_6_gives_2_3_4_5(engine: Callable[..., Engine]) -> None:
    """In the order of the vendor's manual; the counter stands in the pixels, as an overlay."""
    out = program(
        pro(engine),
        """
        h = prepared(1, width=640, height=480, exposure_us=20000.0)
        form = {"shape": (480, 640)}
        assert q.EnableQHYCCDImageOSD(h, 1) == 0
        assert q.SetQHYCCDParam(h, 36, 1.0) == 0
        assert q.BeginQHYCCDLive(h) == 0
        assert q.SetQHYCCDBurstModeStartEnd(h, 1, 6) == 0
        assert q.SetQHYCCDBurstModePatchNumber(h, 32001) == 0
        assert q.EnableQHYCCDBurstMode(h, ctypes.c_bool(True)) == 0
        assert q.SetQHYCCDBurstIDLE(h) == 0
        live(h, 100, patience_s=0.5, **form)
        assert q.ClearQHYCCDImageQueue(h) == 0
        for _ in range(2):
            assert q.SetQHYCCDBurstIDLE(h) == 0
            assert q.ReleaseQHYCCDBurstIDLE(h) == 0
            frames = live(h, 5, patience_s=4.0, **form)
            numbers = [stamp(each)[0] for each in frames]
            print(len(frames), [n - numbers[0] for n in numbers])
            texts = [each[0:40, 0:200] == 65535 for each in frames]
            print([bool((texts[0] != each).any()) for each in texts[1:]])
        assert q.EnableQHYCCDBurstMode(h, ctypes.c_bool(False)) == 0
        assert len(live(h, 6, **form)) == 6
        q.StopQHYCCDLive(h)
        """,
    )
    assert out == "4 [0, 1, 2, 3]\n[True, True, True]\n" * 2


def test_an_exposure_waits_for_its_trigger_or_its_time_out(engine: Callable[..., Engine]) -> None:
    out = program(
        pro(engine),
        """
        import threading
        h = prepared(0)
        assert q.SetQHYCCDTrigerFunction(h, ctypes.c_bool(True)) == 0
        threading.Timer(1.5, q.SendSoftTriger2QHYCCDCam, (h,)).start()
        begin = time.monotonic()
        result, image, _ = single(h)
        print(result, time.monotonic() - begin > 1.5, image.std() > 0)
        assert q.SetQHYCCDSingleFrameTimeOut(h, 500) == 0
        begin = time.monotonic()
        result, image, _ = single(h)
        print(result, 0.7 < time.monotonic() - begin < 3.0)
        assert q.SetQHYCCDTrigerFunction(h, ctypes.c_bool(False)) == 0
        print(single(h)[0])
        """,
    )
    assert out == "0 True True\n4294967295 True\n0\n"


def test_gps_stamps_and_overlay(engine: Callable[..., Engine]) -> None:
    """The stamp stands in the first 44 bytes of every frame: binned, in the border, and in 8 bits too."""
    out = program(
        pro(engine),
        """
        h = prepared(0)
        plain = single(h)[1]
        assert q.SetQHYCCDParam(h, 36, 1.0) == 0 and q.GetQHYCCDParam(h, 36) == 1.0
        number, flags = stamp(single(h)[1])
        print(number > 0, flags)
        assert q.SetQHYCCDBinMode(h, 2, 2) == 0
        print(stamp(single(h)[1]) == (number + 1, flags))
        assert q.SetQHYCCDBinMode(h, 1, 1) == 0
        assert q.SetQHYCCDResolution(h, 0, 0, 64, 48) == 0
        print(stamp(single(h)[1]) == (number + 2, flags))
        assert q.SetQHYCCDParam(h, 36, 0.0) == 0
        assert q.SetQHYCCDResolution(h, 24, 34, 64, 48) == 0
        assert q.EnableQHYCCDImageOSD(h, 1) == 0
        print((single(h)[1] == 65535).sum() > 50, (plain == 65535).sum())
        assert q.EnableQHYCCDImageOSD(h, 0) == 0
        """,
    )
    assert out == "True (51, 51, 51)\nTrue\nTrue\nTrue 0\n"


def test_manual_cooler_power(engine: Callable[..., Engine]) -> None:
    out = program(
        pro(engine),
        """
        h = prepared(0)
        assert q.ControlQHYCCDTemp(h, ctypes.c_double(-10.0)) == 0
        time.sleep(0.2)
        print(q.GetQHYCCDParam(h, 15) > 0)
        assert q.SetQHYCCDParam(h, 16, 128.0) == 0
        print(q.GetQHYCCDParam(h, 15), q.GetQHYCCDParam(h, 16))
        assert q.SetQHYCCDParam(h, 16, 0.0) == 0
        print(q.GetQHYCCDParam(h, 15))
        """,
    )
    assert out == "True\n128.0 4294967295.0\n0.0\n"


def test_the_whole_live_frame_of_the_268_is_there_without_asking(engine: Callable[..., Engine]) -> None:
    out = program(
        engine("twin:qhy268m-pro", "--scene", "dark"),
        """
        h = first()
        assert q.SetQHYCCDStreamMode(h, 1) == 0 and q.InitQHYCCD(h) == 0
        q.BeginQHYCCDLive(h)
        print(len(live(h, 1, shape=(4176, 6248), dtype=np.uint8)))
        q.StopQHYCCDLive(h)
        """,
    )
    assert out == "1\n"
