"""Frames from the command line, and everything that can be asked for wrongly."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from fullwell.record import write_fits

SMALL = ("twin:qhy600-pro", "--instant", "--roi", "4000,3000,96,64")
EVEN = (*SMALL, "--scene", "uniform")


def test_a_frame_of_the_sky(run, tmp_path):
    done = run(
        "capture",
        *SMALL,
        "--ra",
        "83.82",
        "--dec",
        "-5.39",
        "--filter",
        "L",
        "--exposure",
        60,
        "--out",
        "m42.fits",
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "m42.fits\n"
    assert "QHY600 Pro" in done.stderr
    with fits.open(tmp_path / "m42.fits", checksum=True) as opened:
        header, data = opened[0].header, opened[0].data
    assert data.shape == (64, 96)
    assert (header["RA"], header["DEC"], header["FILTER"]) == (83.82, -5.39, "L")
    assert header["EXPTIME"] == pytest.approx(60, abs=1e-4)
    assert (header["IMAGETYP"], header["CCD-TEMP"], header["SEED"]) == ("LIGHT", -10.0, 1)
    assert (header["XORGSUBF"], header["YORGSUBF"]) == (4000, 3000)


def test_all_settings_arrive(run, tmp_path):
    done = run(
        *(
            "capture",
            "twin:qhy268m-pro",
            "--instant",
            "--scene",
            "flat",
            "--flat-level",
            2000,
            "--mode",
            "high gain",
        ),
        *("--gain", 56, "--offset", 50, "--bin", 2, "--roi", "100,200,64,32", "--bits", 16, "--exposure", 0.5),
        *("--temperature", -5, "--seed", 7, "--usb-traffic", 10, "--filter", "R", "--out", "flat.fits"),
    )
    assert done.exit_code == 0, done.stderr
    header = fits.getheader(tmp_path / "flat.fits")
    got = {key: header[key] for key in ("READOUTM", "GAIN", "OFFSET", "XBINNING", "USBTRAF", "FILTER", "SEED")}
    assert got == {
        "READOUTM": "High Gain",
        "GAIN": 56,
        "OFFSET": 50,
        "XBINNING": 2,
        "USBTRAF": 10,
        "FILTER": "R",
        "SEED": 7,
    }
    assert (header["NAXIS1"], header["NAXIS2"], header["BITPIX"]) == (32, 16, 32)
    assert (header["IMAGETYP"], header["CCD-TEMP"]) == ("FLAT", -5.0)


def test_the_mean_of_an_even_frame_is_what_the_header_says(run, tmp_path):
    """Level x time / gain + bias, through the header's own numbers."""
    run("capture", *EVEN, "--uniform-level", 4000, "--exposure", 2, "--out", "a.fits")
    data, header = fits.getdata(tmp_path / "a.fits", header=True)
    electrons = (data.astype(float).mean() - header["BIASLVL"]) * header["EGAIN"]
    # Of the mean of 6144 pixels: shot noise 89 / 78 = 1.1 e-, PRNU of 0.6 % 48 / 78 = 0.6 e-, rows 0.25 e-; some
    # pixels are warm and linearity is 0.5 %, together well under 50 e-.
    assert electrons == pytest.approx(8000, abs=50)


def test_several_frames_in_a_folder(run, tmp_path):
    (tmp_path / "night").mkdir()
    paths = []
    for _ in range(2):
        done = run("capture", *EVEN, "-n", 2, "--out", "night")
        assert done.exit_code == 0, done.stderr
        paths += done.stdout.splitlines()
    assert len(paths) == len(set(paths)) == 4
    assert sorted(paths) == sorted(str(p.relative_to(tmp_path)) for p in (tmp_path / "night").iterdir())
    assert all(Path(path).name.startswith("uniform_L_1s_") for path in paths)
    first, second = (fits.getdata(tmp_path / path) for path in paths[:2])
    assert (first != second).any()


def test_a_name_taken_at_the_last_moment_loses_no_frame(run, tmp_path, monkeypatch):
    """Another capture into the same folder is faster."""
    from fullwell.cli import taking

    def slower(frame, path, *rest, **options):
        if not list(tmp_path.iterdir()):
            path.write_text("the other's")
        return write_fits(frame, path, *rest, **options)

    monkeypatch.setattr(taking, "write_fits", slower)
    done = run("capture", *EVEN)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.endswith("_0002.fits\n")
    assert len(list(tmp_path.iterdir())) == 2
    assert next(tmp_path.glob("*_0001.fits")).read_text() == "the other's"


def test_several_frames_with_a_name(run, tmp_path):
    done = run("capture", *EVEN, "-n", 3, "--out", "dark.fits")
    assert done.stdout.splitlines() == ["dark_0001.fits", "dark_0002.fits", "dark_0003.fits"]
    assert [fits.getval(tmp_path / name, "FRAMENUM") for name in done.stdout.splitlines()] == [1, 2, 3]


def test_the_present_folder_is_the_default(run, tmp_path):
    done = run("capture", *EVEN)
    assert (tmp_path / done.stdout.strip()).is_file()


def test_the_same_seed_gives_the_same_pixels(run, tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        run("capture", *EVEN, "--seed", seed, "--out", f"{name}.fits")
    a, b, c = (fits.getdata(tmp_path / f"{name}.fits") for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


@pytest.mark.needs("fitsverify")
def test_the_answer_key(run, tmp_path):
    done = run("capture", *SMALL, "--truth", "--compress", "--exposure", 10, "--out", "a.fits.fz")
    assert done.exit_code == 0, done.stderr
    with fits.open(tmp_path / "a.fits.fz") as opened:
        assert [hdu.name for hdu in opened][-3:] == ["TRUTH", "STARS", "EFFECTS"]
        assert opened["TRUTH"].data.shape == (64, 96)
    verdict = subprocess.run(
        ["fitsverify", str(tmp_path / "a.fits.fz")], capture_output=True, text=True, check=False
    )
    assert "found 0 warning(s) and 0 error(s)" in verdict.stdout, verdict.stdout


def test_header_and_answer_key_agree_on_the_sky(run, tmp_path):
    """Through an odd window and binning, the header leads from a star's coordinates to its place in the file."""
    done = run(
        *(
            "capture",
            "twin:qhy600-pro",
            "--instant",
            "--ra",
            "5h35m17s",
            "--dec",
            "-5d23m",
            "--position-angle",
            30,
        ),
        *("--roi", "1001,2003,600,450", "--bin", 3, "--exposure", 5, "--truth", "--out", "a.fits"),
    )
    assert done.exit_code == 0, done.stderr
    with fits.open(tmp_path / "a.fits") as opened:
        stars, coordinates = opened["STARS"].data, WCS(opened[0].header)
        assert len(stars) > 10
        x, y = coordinates.all_world2pix(stars["ra_deg"], stars["dec_deg"], 1)
        # Coordinates of the catalogue are kept to about 1e-7 degrees, a pixel of the file is 1.2e-3 degrees.
        np.testing.assert_allclose(x, stars["x_image"], atol=2e-3)
        np.testing.assert_allclose(y, stars["y_image"], atol=2e-3)


def test_a_picture_as_scene(run, tmp_path):
    picture = np.zeros((200, 200), np.float32)
    picture[90:110, 90:110] = 1.0
    np.save(tmp_path / "square.npy", picture)
    done = run(
        "capture",
        *SMALL[:2],
        "--roi",
        "4688,3094,200,200",
        "--scene",
        "square.npy",
        "--exposure",
        2,
        "--out",
        "a.fits",
    )
    assert done.exit_code == 0, done.stderr
    data = fits.getdata(tmp_path / "a.fits").astype(float)
    assert data[95:105, 95:105].mean() > 5 * data[:50, :50].mean()


def test_the_two_images_of_the_42(run, tmp_path):
    done = run(
        "capture",
        "twin:qhy42-pro",
        "--instant",
        "--mode",
        0,
        "--roi",
        "0,0,64,32",
        "--scene",
        "dark",
        "--out",
        "a.fits",
    )
    assert done.exit_code == 0, done.stderr
    header = fits.getheader(tmp_path / "a.fits")
    assert (header["NAXIS1"], header["NAXIS2"], header["NCHAINS"]) == (128, 32, 2)


# --- asked for wrongly ----------------------------------------------------------------------------------------

REFUSED = {
    "camera": (["twin:qhy60-pro"], 1, "no camera 'twin:qhy60-pro'.", "Did you mean 'twin:qhy600-pro'?"),
    "real camera": (["qhyccd:QHY999-1"], 1, "QHY999", "QHY600M"),
    "gain": ([*EVEN, "--gain", 999], 1, "gain of 999 is outside 0 to 200", "Choose a value"),
    "gain, type": ([*EVEN, "--gain", "much"], 2, "--gain", "integer"),
    "offset": ([*EVEN, "--offset", -1], 1, "offset of -1 is outside 0 to 255", ""),
    "exposure": ([*EVEN, "--exposure", 3601], 1, "exposure of 3601 s is outside 4e-05 to 3600 s", ""),
    "exposure, zero": ([*EVEN, "--exposure", 0], 1, "exposure of 0 s is outside", ""),
    "exposure, nan": ([*EVEN, "--exposure", "nan"], 1, "finite", ""),
    "exposure, type": ([*EVEN, "--exposure", "long"], 2, "--exposure", ""),
    "mode": ([*EVEN, "--mode", "HighGain"], 1, "no mode 'HighGain'", "1 (High Gain)"),
    "bits": ([*EVEN, "--bits", 12], 1, "no words of 12 bits", "Choose 16, 8"),
    "bin": ([*EVEN, "--bin", 7], 1, "7", "Choose"),
    "traffic": ([*EVEN, "--usb-traffic", 61], 1, "usb_traffic of 61", "Choose a value"),
    "temperature": ([*EVEN, "--temperature", -80], 1, "temperature of -80 C is outside -50 to 50 C", ""),
    "temperature, nan": ([*EVEN, "--temperature", "nan"], 1, "temperature of nan", ""),
    "anti-glow": ([*EVEN, "--anti-glow"], 1, "no anti-glow", ""),
    "link": ([*EVEN, "--link", "fiber"], 1, "no link 'fiber'", "Did you mean 'fibre'?"),
    "coating": ([*EVEN, "--coating", "UV"], 1, "no coating 'UV'", "standard"),
    "filter": ([*EVEN, "--filter", "Hb"], 1, "no filter 'Hb'", "Ha"),
    "number": ([*EVEN, "-n", 0], 2, "-n", "1"),
    "seed": ([*EVEN, "--seed", -1], 2, "--seed", "0"),
    "window, outside": (
        ["twin:qhy600-pro", "--instant", "--roi", "9000,0,1000,100"],
        1,
        "9576 x 6388",
        "nearest",
    ),
    "window, empty": (["twin:qhy600-pro", "--instant", "--roi", "0,0,0,100"], 1, "width=0", "nearest"),
    "window, bins": ([*EVEN, "--roi", "0,0,31,32", "--bin", 2], 1, "whole bins of 2 x 2", "nearest"),
    "window, three numbers": ([*EVEN, "--roi", "1,2,3"], 2, "--roi", "left,top,width,height"),
    "window, type": ([*EVEN, "--roi", "a,b,c,d"], 2, "--roi", ""),
    "scene": ([*SMALL, "--scene", "skyy"], 1, "no scene 'skyy'", "Did you mean 'sky'?"),
    "picture": ([*SMALL, "--scene", "missing.png"], 1, "missing.png", ""),
    "ra": ([*SMALL, "--ra", "5x35", "--dec", "3"], 2, "'5x35' is no angle", "5h35m17s"),
    "ra, minutes": ([*SMALL, "--ra", "5:75", "--dec", "3"], 2, "60 or more minutes", ""),
    "ra, range": ([*SMALL, "--ra", "361", "--dec", "3"], 1, "ra_deg of 361", ""),
    "dec, range": ([*SMALL, "--ra", "3", "--dec", "-91"], 1, "dec_deg of -91", ""),
    "ra without dec": ([*SMALL, "--ra", "3"], 2, "go together", ""),
    "seeing": ([*SMALL, "--seeing", 0], 1, "seeing_arcsec of 0", ""),
    "focal length": ([*SMALL, "--focal-length", -5], 1, "focal_length_mm of -5", ""),
    "stranger": ([*SMALL, "--flat-level", 5], 2, "--flat-level", "only to flat"),
    "stranger of dark": ([*SMALL, "--scene", "dark", "--ra", "5", "--dec", "5"], 2, "--dec", "only to sky"),
    "folder": ([*EVEN, "--out", "no/such/a.fits"], 1, "no folder", "mkdir -p"),
    "folder, alone": ([*EVEN, "--out", "nowhere"], 1, "no folder 'nowhere'", "mkdir -p nowhere"),
}


@pytest.mark.parametrize(("arguments", "status", "what", "remedy"), REFUSED.values(), ids=REFUSED)
def test_refused_with_a_sentence(run, tmp_path, arguments, status, what, remedy):
    done = run("capture", *arguments)
    assert done.exit_code == status
    assert done.stdout == ""
    talk = " ".join(done.stderr.split())
    assert what in talk
    assert remedy in talk
    assert "Traceback" not in talk
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_refused_before_the_exposure(run, tmp_path):
    (tmp_path / "a_0002.fits").write_text("precious")
    done = run("capture", *EVEN, "-n", 2, "--out", "a.fits")
    assert done.exit_code == 1
    assert "'a_0002.fits' exists already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a_0002.fits"]
    done = run("capture", *EVEN, "-n", 2, "--out", "a.fits", "--overwrite")
    assert done.exit_code == 0, done.stderr
    assert fits.getval(tmp_path / "a_0002.fits", "FRAMENUM") == 2


@contextmanager
def closed_folder():
    """A folder that may be read and not written to, by somebody without root's powers."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(was)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_without_permission(run):
    with closed_folder() as folder:
        done = run("capture", *EVEN, "--out", folder)
        assert done.exit_code == 1
        assert "no permission to write" in done.stderr
        assert not list(folder.iterdir())


def test_a_full_disk_keeps_what_was_written(run, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"cannot mount a file system here: {made.stderr.strip()}")
    try:
        done = run("capture", *EVEN, "-n", 9, "--out", "disk")
        assert done.exit_code == 1
        assert "MB left, a frame needs" in done.stderr
        written = done.stdout.splitlines()
        assert 1 <= len(written) < 9
        assert f"{len(written)} of 9 frames are written" in done.stderr
        assert sorted(written) == sorted(str(p.relative_to(tmp_path)) for p in disk.iterdir())
        for path in written:
            with fits.open(tmp_path / path, checksum=True) as opened:
                assert opened[0].data.shape == (64, 96)
        refused = run("capture", *EVEN[:2], "--scene", "uniform", "--out", "disk")
        assert refused.exit_code == 1
        assert "a frame needs 122.4 MB" in refused.stderr
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# --- as a process of its own ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_mid_exposure(start, tmp_path, number, status):
    """The first frame takes no time to speak of, the second would take a minute."""
    process = start(
        *(
            "capture",
            "twin:qhy600-pro",
            "--scene",
            "uniform",
            "--roi",
            "0,0,64,64",
            "--exposure",
            "2",
            "-n",
            "99",
        ),
        *("--out", "a.fits"),
    )
    first = process.stdout.readline()
    assert first == "a_0001.fits\n", process.communicate()[1]
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert "1 of 99 frames are written." in err
    assert out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a_0001.fits"]
    with fits.open(tmp_path / "a_0001.fits", checksum=True) as opened:
        assert opened[0].data.shape == (64, 64)


def test_exposures_take_their_time_without_instant(start):
    process = start(
        *(
            "capture",
            "twin:qhy42-pro",
            "--scene",
            "dark",
            "--roi",
            "0,0,64,64",
            "--exposure",
            "1.5",
            "--out",
            "a.fits",
        )
    )
    out, err = process.communicate(timeout=300)
    assert (out, process.returncode) == ("a.fits\n", 0), err
    assert "Traceback" not in err


def test_a_bar_on_the_terminal_leaves_standard_output_alone(start):
    """A script that reads the paths, started by a person at a terminal."""
    ours, theirs = pty.openpty()
    process = start(
        *("capture", "twin:qhy42-pro", "--scene", "dark", "--roi", "0,0,64,64", "--exposure", "1", "-n", "2"),
        *("--out", "a.fits"),
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(theirs)
    assert process.stdout.read() == "a_0001.fits\na_0002.fits\n"
    assert process.wait(60) == 0
    seen = b""
    with suppress(OSError):  # the terminal is gone with its last user
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    assert b"frame 2 of 2" in seen


def test_row_times_on_request(run, tmp_path):
    done = run("capture", *EVEN, "--row-times", "--out", "a.fits")
    assert done.exit_code == 0, done.stderr
    with fits.open(tmp_path / "a.fits") as opened:
        assert len(opened["ROWTIMES"].data) == opened[0].header["NAXIS2"]
