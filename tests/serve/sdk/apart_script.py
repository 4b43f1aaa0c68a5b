"""Calls of a libqhyccd that are compared apart: ``apart_script.py LIBRARY WHAT ...`` prints JSON.

``timing STREAM MODE LEFT TOP``: what the precise-exposure call tells, and when some rows of a window end.
``gains``: decibels of all gain settings.
``single BIN BITS WIDTH HEIGHT``: the words of a single frame, its first and its last pixel.
"""

from __future__ import annotations

import ctypes as c
import json
import os
import random
import sys

ROWS = (0, 1, 2, 3, 100, 101, 400)
LONGEST_GAIN = 201
WORD = {8: c.c_uint8, 16: c.c_uint16, 32: c.c_uint32}


def opened(path: str, stream: int, mode: int) -> tuple[c.CDLL, c.c_void_p]:
    q = c.CDLL(path)
    q.OpenQHYCCD.restype = c.c_void_p
    q.SetQHYCCDParam.argtypes = [c.c_void_p, c.c_int, c.c_double]
    q.EnableQHYCCDMessage(c.c_bool(False))
    q.EnableQHYCCDLogFile(c.c_bool(False))
    q.InitQHYCCDResource()
    q.ScanQHYCCD()
    name = c.create_string_buffer(64)
    q.GetQHYCCDId(0, name)
    handle = c.c_void_p(q.OpenQHYCCD(name))
    q.SetQHYCCDReadMode(handle, mode)
    q.SetQHYCCDStreamMode(handle, stream)
    q.InitQHYCCD(handle)
    return q, handle


def timing(path: str, stream: int, mode: int, left: int, top: int) -> dict[str, object]:
    q, handle = opened(path, stream, mode)
    q.SetQHYCCDResolution(handle, left, top, 640, 480)
    words = [c.c_uint32() for _ in range(6)]
    long = c.c_uint8()
    q.GetQHYCCDPreciseExposureInfo(handle, *map(c.byref, words), c.byref(long))
    offsets = []
    for row in ROWS:
        offset = c.c_double(-1)
        q.GetQHYCCDRollingShutterEndOffset(handle, row, c.byref(offset))
        offsets.append(offset.value)
    return {"precise": [word.value for word in words], "long": long.value, "offsets_us": offsets}


def gains(path: str) -> list[float]:
    q, handle = opened(path, 0, 0)
    q.QHYCCD_GainValueToDbGain.argtypes = [c.c_void_p, c.c_double, c.c_void_p]
    found = []
    for gain in range(LONGEST_GAIN):
        decibel = c.c_double(-1)
        q.QHYCCD_GainValueToDbGain(handle, float(gain), c.byref(decibel))
        found.append(decibel.value)
    return found


def single(path: str, factor: int, bits: int, width: int, height: int) -> dict[str, object]:
    q, handle = opened(path, 0, 0)
    answers = [
        q.SetQHYCCDBinMode(handle, factor, factor),
        q.SetQHYCCDResolution(handle, 24 // factor, 34 // factor, width, height),
        q.SetQHYCCDBitsMode(handle, bits),
        q.SetQHYCCDParam(handle, 8, 1000.0),
        q.ExpQHYCCDSingleFrame(handle),
    ]
    image = (WORD[bits] * (width * height + 16))()
    words = [c.c_uint32() for _ in range(4)]
    answers.append(q.GetQHYCCDSingleFrame(handle, *map(c.byref, words), image))
    return {
        "answers": answers,
        "words": [word.value for word in words],
        "pixels": [image[0], image[width * height - 1]],
        "beyond": image[width * height],
    }


def pictures(path: str) -> dict[str, list[list[int]]]:
    """Functions that make pictures of pictures, on drawn ones: of few levels, of one, of two bytes a pixel."""
    q, handle = opened(path, 0, 0)
    q.QHYCCDEqualizeHistogram.argtypes = [c.c_void_p, c.c_int, c.c_int, c.c_int]
    q.QHYCCDEqualizeHistogram.restype = None
    q.HistInfo192x130.argtypes = [c.c_void_p, c.c_uint32, c.c_uint32, c.c_void_p, c.c_void_p]
    q.HistInfo192x130.restype = None
    dice = random.Random(1)
    equalized, histograms = [], []
    for most in (1, 2, 5, 30, 256):
        for bits in (8, 16):
            width, height = dice.randint(1, 40), dice.randint(2, 40)
            drawn = [dice.randrange(most) for _ in range(width * height * bits // 8)]
            image = (c.c_uint8 * len(drawn))(*drawn)
            histogram = (c.c_uint8 * (192 * 130))(*[165] * (192 * 130))
            q.HistInfo192x130(handle, width, height, image, histogram)
            histograms.append(sorted(set(histogram)))
            q.QHYCCDEqualizeHistogram(image, width, height, bits)
            equalized.append(list(image))
    return {"equalized": equalized, "histograms": histograms}


WHAT = {"timing": timing, "gains": gains, "single": single, "pictures": pictures}

if __name__ == "__main__":
    path, what, *rest = sys.argv[1:]
    print(json.dumps(WHAT[what](path, *map(int, rest))), flush=True)
    os._exit(0)
