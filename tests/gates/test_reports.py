"""Reports are files of a bearable size, and nothing else."""

import os
from pathlib import Path

import pytest

from gates.reports import read_report
from gates.verdict import Unmeasurable


def test_a_report_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_bytes(b"12345")
    assert read_report(tmp_path, "r.xml", most=5) == b"12345"
    with pytest.raises(Unmeasurable, match=r"r\.xml has 5 bytes; at most 4 are read"):
        read_report(tmp_path, "r.xml", most=4)


def test_what_is_no_file_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "real.xml").write_text("<x/>")
    (tmp_path / "link.xml").symlink_to("real.xml")
    (tmp_path / "folder.xml").mkdir()
    os.mkfifo(tmp_path / "pipe.xml")
    for name, reason in {
        "missing.xml": "the run left no missing.xml",
        "link.xml": "cannot be read",
        "folder.xml": "is no regular file",
        "pipe.xml": "is no regular file",
    }.items():
        with pytest.raises(Unmeasurable, match=reason):
            read_report(tmp_path, name, most=100)
    with pytest.raises(Unmeasurable, match="no reports were kept"):
        read_report(None, "real.xml", most=100)
