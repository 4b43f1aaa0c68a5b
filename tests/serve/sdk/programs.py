"""Pieces of programs that use a libqhyccd by ctypes."""

from __future__ import annotations

import sys
from textwrap import dedent

from dropin.rig import Engine

PROLOGUE = '''
import ctypes, sys, time
import numpy as np
q = ctypes.CDLL("libqhyccd.so.20")
q.OpenQHYCCD.restype = ctypes.c_void_p
q.GetQHYCCDParam.restype = ctypes.c_double
q.GetQHYCCDParam.argtypes = [ctypes.c_void_p, ctypes.c_int]
q.SetQHYCCDParam.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_double]
for name in ("GetQHYCCDSingleFrame", "GetQHYCCDLiveFrame"):
    getattr(q, name).argtypes = [ctypes.c_void_p] * 6
    getattr(q, name).restype = ctypes.c_uint32
ERROR = 0xFFFFFFFF

def first():
    assert q.InitQHYCCDResource() == 0
    assert q.ScanQHYCCD() >= 1
    name = ctypes.create_string_buffer(40)
    assert q.GetQHYCCDId(0, name) == 0
    handle = ctypes.c_void_p(q.OpenQHYCCD(name))
    assert handle.value
    return handle

def prepared(stream, width=64, height=48, exposure_us=10000.0, mode=0):
    h = first()
    assert q.SetQHYCCDReadMode(h, mode) == 0
    assert q.SetQHYCCDStreamMode(h, stream) == 0 and q.InitQHYCCD(h) == 0
    assert q.SetQHYCCDBitsMode(h, 16) == 0
    assert q.SetQHYCCDResolution(h, 24, 34, width, height) == 0
    assert q.SetQHYCCDParam(h, 8, exposure_us) == 0
    return h

def fetch(function, handle, shape=(48, 64), dtype=np.uint16):
    words = [ctypes.c_uint32() for _ in range(4)]
    image = np.zeros(shape, dtype)
    result = function(handle, *map(ctypes.byref, words), image.ctypes.data) & ERROR
    return result, image, [word.value for word in words]

def single(h, **form):
    assert q.ExpQHYCCDSingleFrame(h) == 0
    return fetch(q.GetQHYCCDSingleFrame, h, **form)

def live(h, number, patience_s=20.0, **form):
    """Frames of a live run, fewer when they do not come in time."""
    frames, end = [], time.monotonic() + patience_s
    while len(frames) < number and time.monotonic() < end:
        result, image, _ = fetch(q.GetQHYCCDLiveFrame, h, **form)
        if result == 0:
            frames.append(image)
        else:
            time.sleep(0.001)
    return frames

def stamp(image):
    """Sequence number of a GPS stamp, and its three flags."""
    data = image.tobytes()
    return int.from_bytes(data[:4], "big"), (data[17], data[25], data[33])
'''


def program(engine: Engine, text: str, *words: str, seconds: float = 300) -> str:
    """Run a program on an engine; what it printed."""
    return engine.run(sys.executable, "-c", PROLOGUE + dedent(text), *words, seconds=seconds)
