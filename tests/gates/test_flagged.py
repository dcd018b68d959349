"""What tools flag, compared with the base: by the text of the line, wherever the file lies now."""

from pathlib import Path

from gates.flagged import Flag, new_of
from gates.subject import Subject, TreeFile


def _tree(root: Path, files: dict[str, str], base: Subject | None = None) -> Subject:
    root.mkdir()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    entries = tuple(
        TreeFile(path=path, mode="100644", size=len(text), blob=str(hash(text))) for path, text in files.items()
    )
    return Subject(root=root, files=entries, base=base)


def _flag(path: str, line: int) -> Flag:
    return Flag(rule="F401", path=path, line=line, message="unused")


def test_a_file_that_has_moved_keeps_its_flags_once(tmp_path: Path) -> None:
    base = _tree(tmp_path / "base", {"a/one.py": "import os\n"})
    moved = _tree(tmp_path / "moved", {"b/one.py": "import os\n"}, base)
    assert new_of(moved, [_flag("b/one.py", 1)], [_flag("a/one.py", 1)]) == ()
    copied = _tree(tmp_path / "copied", {"a/one.py": "import os\n", "b/one.py": "import os\n"}, base)
    both = [_flag("a/one.py", 1), _flag("b/one.py", 1)]
    assert new_of(copied, both, [_flag("a/one.py", 1)]) == (_flag("b/one.py", 1),)


def test_lines_are_counted_as_tools_do(tmp_path: Path) -> None:
    base = _tree(tmp_path / "base", {"one.py": "import os\nimport sys\n"})
    # to Python a form feed and a separator of lines end none
    feed = _tree(tmp_path / "feed", {"one.py": "\f'\u2028'\nimport sys\nimport os\n"}, base)
    known = [_flag("one.py", 1)]
    assert new_of(feed, [_flag("one.py", 3)], known) == ()
    assert new_of(feed, [_flag("one.py", 2)], known) == (_flag("one.py", 2),)
