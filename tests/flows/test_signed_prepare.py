"""Before a signed run begins or goes on: its key can sign, and lies where no agent works."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flows.prepare import prepare
from flows.settings import Settings
from flows.work import Work
from tasks.errors import Refused
from tests.support import Shop, git, phase, work

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")

ONE = {"specification": phase(a=work("true", "docs/a.md"))}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose plan signs with the key that lies beside it all."""
    made = Shop.open(tmp_path / "signed", tmp_path / "sparc-home")
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made.root / "key"), check=True)
    return made


def prepared(shop: Shop, plan: Path, run: str | None = None) -> Any:  # noqa: ANN401
    settings = Settings(home=shop.home)
    return prepare(plan, shop.repository, run, settings, {"HOME": str(shop.root), "PATH": "/usr/bin:/bin"})


def test_a_run_and_its_resumption_sign_with_the_key_of_the_plan(shop: Shop) -> None:
    folder = prepared(shop, shop.plan(ONE, signing={"key": "~/key"}))
    again = prepared(shop, folder.plan_dir / folder.record.plan_file, folder.run)
    assert again.path == folder.path
    hub = Work(again, env={"HOME": str(shop.root), "PATH": "/usr/bin:/bin"}).hub
    assert hub.git.signing == shop.root / "key"
    assert ((hub.signer and hub.signer.fingerprint) or "").startswith("SHA256:")


def test_a_key_that_is_gone_refuses_the_resumption(shop: Shop) -> None:
    plan = shop.plan(ONE, signing={"key": str(shop.root / "key")})
    folder = prepared(shop, plan, "signed-1")
    (shop.root / "key").unlink()
    for again in (folder.plan_dir / folder.record.plan_file, plan):
        with pytest.raises(Refused, match=r"signing\.key: cannot read"):
            prepared(shop, again, folder.run)


@pytest.mark.parametrize("place", ["repository/key", "repository/.git/key", "plan/key", "sparc-home"])
def test_a_key_where_agents_work_refuses_the_run_before_anything_is_made(shop: Shop, place: str) -> None:
    shop.home.mkdir()
    where = shop.home / "key" if place == "sparc-home" else shop.root / place
    shutil.copy(shop.root / "key", where)
    with pytest.raises(Refused, match="where agents work: keep it outside"):
        prepared(shop, shop.plan(ONE, signing={"key": str(where)}))
    assert not (shop.home / "runs").exists()
    assert git(shop.repository, "for-each-ref", "refs/sparc") == ""
