"""Every example of the user guide is run, and says what the guide says."""

import re
import shlex
from pathlib import Path

import pytest

from ledger.cli import main

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "guide.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(console|csv) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ python -m ledger "


def run(transcript: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The transcript as it comes out when its commands are run."""
    said = ""
    for command in (line for line in transcript.splitlines() if line.startswith(PROMPT)):
        main(shlex.split(command.removeprefix(PROMPT)))
        output = capsys.readouterr()
        said += f"{command}\n{output.out}{output.err}"
    return said


def test_the_guide_tells_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-028: in the order of the page, on one book."""
    monkeypatch.chdir(tmp_path)
    ran = 0
    for kind, name, text in BLOCK.findall(GUIDE):
        if kind == "csv":
            (tmp_path / name).write_text(text, encoding="utf-8")
        else:
            assert run(text, capsys) == text
            ran += 1
    assert ran == GUIDE.count("```console") > 0


def test_the_guide_shows_every_command_that_changes_a_book() -> None:
    """R-028: what is not explained is not used."""
    changing = {"init", "add-account", "post", "reverse", "import", "lock", "close"}
    shown = set(re.findall(rf"^{re.escape(PROMPT)}(\S+)", GUIDE, re.MULTILINE))
    assert changing <= shown
