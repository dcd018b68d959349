"""Folders that are thrown away: gone at once, deleted behind our back, and by the next run if we did not live to."""

import os
import subprocess
import sys
from pathlib import Path

from tasks.trash import discard, sweep, trash
from tests.support import wait_for


def filled(place: Path) -> Path:
    """A folder with what makes removal hard: read-only folders, links, pipes."""
    (place / "read/only").mkdir(parents=True)
    (place / "read/only/file").write_text("x")
    os.mkfifo(place / "pipe")
    (place / "link").symlink_to("/etc")
    (place / "read/only").chmod(0o500)
    (place / "read").chmod(0o500)
    return place


def empty(home: Path) -> bool:
    return not any(trash(home).iterdir())


def test_what_is_thrown_away_is_gone_at_once_and_deleted_soon(tmp_path: Path) -> None:
    home, place = tmp_path / "home", filled(tmp_path / "home/place")
    place.chmod(0)
    discard(place, home)
    assert not place.exists()
    wait_for(lambda: empty(home))


def test_what_is_not_there_needs_no_throwing_away(tmp_path: Path) -> None:
    discard(tmp_path / "nothing", tmp_path)
    assert not trash(tmp_path).exists()
    sweep(tmp_path)


def test_a_link_is_thrown_away_and_not_what_it_leads_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o555)
    (tmp_path / "link").symlink_to(kept)
    discard(tmp_path / "link", tmp_path)
    wait_for(lambda: empty(tmp_path))
    assert kept.stat().st_mode & 0o777 == 0o555


def test_a_file_where_the_trash_should_be_only_makes_it_slower(tmp_path: Path) -> None:
    trash(tmp_path).write_text("in the way")
    discard(filled(tmp_path / "place"), tmp_path)
    assert not (tmp_path / "place").exists()


def test_what_was_thrown_away_is_deleted_after_our_end(tmp_path: Path) -> None:
    place = filled(tmp_path / "place")
    for number in range(2000):
        (place / f"{number}").touch()
    script = "import sys; from pathlib import Path; from tasks.trash import discard; discard(*map(Path, sys.argv[1:]))"
    subprocess.run((sys.executable, "-c", script, place, tmp_path), check=True)
    assert not place.exists()
    wait_for(lambda: empty(tmp_path))


def test_what_a_kill_has_left_in_the_trash_is_swept(tmp_path: Path) -> None:
    for name in ("a", "-b", "c d\n"):
        filled(trash(tmp_path) / name)
    sweep(tmp_path)
    wait_for(lambda: empty(tmp_path))
