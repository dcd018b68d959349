"""A run whose hub somebody has changed stops in words, and goes on when it is mended."""

from pathlib import Path

from tests.support import Shop, git, phase, told, work

UNHOOKED = """\
test "$SPARC_ATTEMPT" = 1 && chmod 644 "$SPARC_WORKSPACE/../../../../hub.git/hooks/reference-transaction"
mkdir -p docs; echo a > docs/a.md
"""


def test_a_hook_that_an_agent_made_not_executable_blocks_the_run_until_it_is_mended(home: Path, tmp_path: Path) -> None:
    shop = Shop.open(tmp_path / "unhooked", home)
    plan = shop.plan({"specification": phase(a=work(UNHOOKED, "docs/a.md"))})
    first = shop.sparc("run", plan, "--run", "r", "--json")
    assert first.returncode == 1, first.stderr
    assert told(first)["outcome"] == "blocked"
    assert "hooks/reference-transaction is not executable" in first.stderr + first.stdout
    hub = shop.run_folder("r") / "hub.git"
    assert not list((hub / "refs").glob("heads/agent/**/1"))
    assert git(hub, "rev-parse", "sparc/unhooked") == shop.begin

    again = shop.sparc("resume", "r")
    assert again.returncode == 1
    assert "is not executable" in again.stderr

    (hub / "hooks/reference-transaction").chmod(0o755)
    hub.rename(hub.with_name("elsewhere"))
    gone = shop.sparc("resume", "r")
    assert gone.returncode == 1
    assert f"{hub}, is gone" in gone.stderr
    assert "Traceback" not in first.stderr + again.stderr + gone.stderr

    hub.with_name("elsewhere").rename(hub)
    assert shop.sparc("resume", "r").returncode == 0
    assert git(shop.repository, "describe", "sparc/unhooked") == "good/unhooked/1"
    assert shop.show("docs/a.md") == "a\n"
