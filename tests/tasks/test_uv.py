"""The only way to uv: what it knows, and where it looks."""

import sys
from pathlib import Path

import pytest

from tasks.dependencies import OURS
from tasks.uv import Uv, UvFailed, index_settings
from tests.tasks.environments import uv_in, write


def test_what_builds_need_is_there_though_something_was_asked_before(tmp_path: Path) -> None:
    uv = uv_in(tmp_path / "home", tmp_path)
    cache = write(tmp_path / "cache", {"wheels/one": "1"})
    assert uv.ask(Path(sys.executable), "print(1)") == 1
    uv.knows(cache)
    assert (uv.theirs / "cache/wheels/one").read_text() == "1"
    (cache / "wheels/one").write_text("2")
    uv.knows(cache)
    assert (uv.theirs / "cache/wheels/one").read_text() == "1"


def test_a_build_that_is_denied_something_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv, tried = uv_in(tmp_path / "home", tmp_path), list[tuple[str, ...]]()
    said = iter(["Permission denied (os error 13)", "there is no wheel of it", "there is no network"])

    def fails(_: object, *words: str, **__: object) -> None:
        tried.append(words)
        raise UvFailed(next(said))

    monkeypatch.setattr(Uv, "foreign", fails)
    with pytest.raises(UvFailed, match="Permission denied"):
        uv.build(tmp_path / "venv", "one", cwd=tmp_path)
    assert ["--offline" in words for words in tried] == [True]
    with pytest.raises(UvFailed, match="no network"):
        uv.build(tmp_path / "venv", "two", cwd=tmp_path)
    assert ["--offline" in words for words in tried] == [True, True, False]


@pytest.mark.builds
def test_what_builds_need_is_compiled_for_every_copy(uv: Uv, tmp_path: Path) -> None:
    uv.fetch(tmp_path / "builders", OURS[-1], ["iniconfig"])
    (compiled,) = tmp_path.glob("builders/archive-v0/*/iniconfig/__pycache__/__init__.*.pyc")
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1  # known by its content, which nobody checks


def test_index_settings_of_pip_serve_where_uv_has_none(tmp_path: Path) -> None:
    config = "[global]\nindex-url = https://one.invalid/simple\ncert = /a b.pem\n[install]\nfind-links = /w\n  /v\n"
    write(tmp_path, {"pip.conf": config})
    caller = {
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "PIP_EXTRA_INDEX_URL": "https://two",
    }
    assert (
        index_settings(caller).items()
        >= {
            "UV_DEFAULT_INDEX": "https://one.invalid/simple",
            "UV_INDEX": "https://two",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_FIND_LINKS": "/w,/v",
            "SSL_CERT_FILE": "/a b.pem",
        }.items()
    )
    assert index_settings(caller | {"UV_INDEX": "https://three", "UV_PROJECT": "x"}) == {"UV_INDEX": "https://three"}
    write(tmp_path, {".config/uv/uv.toml": 'index-url = "https://four"\n', ".netrc": ""})
    assert index_settings(caller) == {"NETRC": str(tmp_path / ".netrc")}
