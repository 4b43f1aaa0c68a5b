"""Files appear whole or not at all, whatever the file system says."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from astropy.io import fits

from fullwell.errors import DiskFull, NotWritable
from fullwell.record import write_fits
from fullwell.record.atomic import check_folder, whole_file

SIZES = pytest.mark.parametrize("compress", [None, "rice"])


@pytest.fixture
def open_to_all():
    """A folder that every user may reach (pytest's own are the owner's only)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def without_powers():
    """Give up the powers of root for a while, where the tests have them."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_an_existing_file_is_kept(make_frame, tmp_path):
    path = tmp_path / "a.fits"
    path.write_text("precious")
    with pytest.raises(NotWritable, match=r"exists already.*another name"):
        write_fits(make_frame(), path)
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


def test_an_existing_file_is_replaced_when_allowed(make_frame, tmp_path):
    path = tmp_path / "a.fits"
    path.write_text("old")
    write_fits(make_frame(), path, overwrite=True)
    assert fits.getheader(path)["OBJECT"] == "M 101"
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


def lose_the_race(path: Path) -> None:
    """Somebody else takes the name while the file is being written."""
    with whole_file(path) as part:
        part.write_text("mine")
        path.write_text("somebody else's")


def test_a_file_that_comes_into_being_meanwhile_is_kept(tmp_path):
    path = tmp_path / "a.fits"
    with pytest.raises(NotWritable, match="exists already"):
        lose_the_race(path)
    assert path.read_text() == "somebody else's"
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


def test_a_file_system_without_links(tmp_path, monkeypatch):
    def no_link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    with whole_file(tmp_path / "a.fits") as part:
        part.write_text("mine")
    assert (tmp_path / "a.fits").read_text() == "mine"
    with pytest.raises(NotWritable, match="exists already"):
        lose_the_race(tmp_path / "b.fits")
    assert (tmp_path / "b.fits").read_text() == "somebody else's"


@SIZES
def test_no_such_folder(make_frame, tmp_path, compress):
    with pytest.raises(NotWritable, match=r"no folder .*mkdir -p"):
        write_fits(make_frame(), tmp_path / "missing" / "a.fits", compress=compress)
    assert not list(tmp_path.iterdir())


def test_a_file_where_a_folder_should_be(make_frame, tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(NotWritable, match="no folder"):
        write_fits(make_frame(), tmp_path / "a" / "b.fits")


def test_a_folder_where_a_file_should_be(make_frame, tmp_path):
    with pytest.raises(NotWritable, match="is a folder"):
        write_fits(make_frame(), tmp_path, overwrite=True)


def test_a_name_that_is_too_long(make_frame, tmp_path):
    with pytest.raises(NotWritable, match="too long"):
        write_fits(make_frame(), tmp_path / ("x" * 300 + ".fits"))
    assert not list(tmp_path.iterdir())


@SIZES
def test_no_permission(make_frame, open_to_all, compress):
    frame = make_frame()
    open_to_all.chmod(0o555)
    with without_powers():
        with pytest.raises(NotWritable, match=r"no permission .*another folder"):
            write_fits(frame, open_to_all / "a.fits", compress=compress)
        with pytest.raises(NotWritable, match="no permission"):
            check_folder(open_to_all)
    assert not list(open_to_all.iterdir())


def test_a_read_only_file_may_be_replaced_only_if_the_folder_allows(make_frame, open_to_all):
    frame = make_frame()
    path = open_to_all / "a.fits"
    path.write_text("precious")
    open_to_all.chmod(0o555)
    with without_powers(), pytest.raises(NotWritable, match="no permission"):
        write_fits(frame, path, overwrite=True)
    assert path.read_text() == "precious"


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 100 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"cannot mount a file system here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@SIZES
def test_a_full_disk(make_frame, tiny_disk, compress, tmp_path):
    first = write_fits(
        make_frame(data=make_frame().data[:50].copy()), tiny_disk / "first.fits", compress=compress
    )
    before = first.read_bytes()
    with pytest.raises(DiskFull, match=r"no space .*Make room"):
        write_fits(make_frame(), first, compress=compress, overwrite=True)
    assert first.read_bytes() == before
    assert [p.name for p in tiny_disk.iterdir()] == ["first.fits"]
    with pytest.raises(DiskFull, match=r"has 0\.\d MB left, a frame needs 122\.3 MB"):
        check_folder(tiny_disk, 122_300_000)


LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
from fullwell.errors import DiskFull
from fullwell.record.atomic import whole_file
try:
    with whole_file(Path(sys.argv[1]), overwrite=True) as part:
        part.write_bytes(bytes(100_000))
except DiskFull as error:
    print(error)
"""


def test_a_limit_on_the_size_of_files(tmp_path):
    """What a quota does to a real process."""
    path = tmp_path / "a.fits"
    path.write_text("precious")
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("no space for"), done.stderr
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.fits"]


@SIZES
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_at_the_last_moment(make_frame, tmp_path, monkeypatch, compress, number):
    """Some file systems say so only when they are made to write."""

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        write_fits(make_frame(), tmp_path / "a.fits", compress=compress)
    assert not list(tmp_path.iterdir())


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    def interrupted() -> None:
        with whole_file(tmp_path / "a.fits") as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())
