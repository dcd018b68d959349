"""The copy of a plan's folder: what is copied, and that whatever changes the copy afterwards is noticed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import Blocked, Refused
from tasks.plan_copy import PLAN_FOLDER_LIMIT, copy_plan, fingerprint, keep_manifest, refuse_changed
from tasks.run_folder import RunFolder


def copied(plan: Path, destination: Path, home: Path | None = None) -> set[str]:
    copy_plan(plan, destination, home or destination.parent / "no-home")
    return {path.relative_to(destination).as_posix() for path in destination.rglob("*") if not path.is_dir()}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "source/agents").mkdir(parents=True)
    (tmp_path / "source/agents/write.py").write_text("print()")
    (tmp_path / "source/agents/write.py").chmod(0o755)
    (tmp_path / "source/plan.yaml").write_text("sparc: 1")
    return tmp_path / "source/plan.yaml"


def test_a_plan_is_copied_with_its_folders_files_and_their_modes(plan: Path, tmp_path: Path) -> None:
    assert copied(plan, tmp_path / "copy") == {"plan.yaml", "agents/write.py"}
    assert (tmp_path / "copy/plan.yaml").read_text() == "sparc: 1"
    assert os.access(tmp_path / "copy/agents/write.py", os.X_OK)


def test_a_plan_in_a_repositorys_root_is_copied_without_what_tools_keep_there(plan: Path, tmp_path: Path) -> None:
    for name in (".git/config", ".venv/bin/python", "web/node_modules/x/y.js", "src/__pycache__/a.pyc", ".hg/x"):
        (plan.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (plan.parent / name).write_text("x")
    (plan.parent / "src/a.py").write_text("a")
    assert copied(plan, tmp_path / "copy") == {"plan.yaml", "agents/write.py", "src/a.py"}


def test_a_plan_is_not_copied_into_its_own_copy_nor_with_the_home_of_all_runs(plan: Path) -> None:
    home = plan.parent / "state"
    (home / "runs/old/plan").mkdir(parents=True)
    (home / "runs/old/plan/plan.yaml").write_text("old")
    assert copied(plan, plan.parent / "copy", home) == {"plan.yaml", "agents/write.py"}
    assert copied(plan, home / "runs/new/plan", plan.parent / "elsewhere") == {
        "plan.yaml", "agents/write.py", "copy/plan.yaml", "copy/agents/write.py",
    }  # fmt: skip


def test_links_inside_the_folder_are_copied_and_lead_into_the_copy(plan: Path, tmp_path: Path) -> None:
    (plan.parent / "more").mkdir()
    (plan.parent / "more/write.py").symlink_to(plan.parent / "agents/write.py")
    (plan.parent / "tools").symlink_to("agents")
    (plan.parent / "later").symlink_to("agents/not-yet.py")
    (plan.parent / ".venv").symlink_to(tmp_path)
    os.mkfifo(plan.parent / "pipe")
    assert copied(plan, tmp_path / "copy") >= {"plan.yaml", "agents/write.py", "more/write.py", "later"}
    copy = tmp_path / "copy"
    plan.parent.rename(tmp_path / "elsewhere")
    assert (copy / "more/write.py").read_text() == "print()"
    assert (copy / "tools/write.py").resolve() == copy / "agents/write.py"
    assert sorted(path.name for path in copy.iterdir()) == ["agents", "later", "more", "plan.yaml", "tools"]


@pytest.mark.parametrize("target", ["..", "../shared.txt", "../nowhere", "link", ".venv/bin/python"])
def test_a_link_that_leads_out_of_what_is_copied_is_refused(plan: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "shared.txt").write_text("shared")
    (plan.parent / "link").symlink_to(target)
    with pytest.raises(Refused, match=r"source/link leads out of what a run copies of the plan's folder .*: put what"):
        copied(plan, tmp_path / "copy")


def test_a_plan_that_is_a_link_is_copied_with_the_folder_it_leads_to(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.yaml").symlink_to(plan)
    assert copied(tmp_path / "entry.yaml", tmp_path / "copy") == {"plan.yaml", "agents/write.py"}


def test_a_folder_too_large_to_be_a_plans_own_is_refused(plan: Path, tmp_path: Path) -> None:
    with (plan.parent / "big").open("wb") as file:
        file.truncate(PLAN_FOLDER_LIMIT - plan.stat().st_size - len("print()"))
    assert "big" in copied(plan, tmp_path / "just-fits")
    (plan.parent / "more").write_text("x")
    with pytest.raises(Refused, match=r"holds more than 64 MiB, .*: move the plan and the files that it uses"):
        copied(plan, tmp_path / "too-much")


# -- changes of the copy


@pytest.fixture
def begun(plan: Path, tmp_path: Path) -> tuple[RunFolder, str]:
    """A run's copy, and its fingerprint."""
    folder = RunFolder(tmp_path / "home", "begun")
    (plan.parent / "with a\nline break").symlink_to("plan.yaml")
    copy_plan(plan, folder.plan_dir, tmp_path / "home")
    keep_manifest(folder)
    return folder, fingerprint(folder.manifest.read_bytes())


def test_what_is_added_beside_the_copied_files_is_no_change(begun: tuple[RunFolder, str]) -> None:
    folder, expected = begun
    (folder.plan_dir / "agents/__pycache__").mkdir()
    (folder.plan_dir / "agents/__pycache__/write.pyc").write_text("cache")
    refuse_changed(folder, expected)


CHANGES: dict[str, tuple[Callable[[RunFolder], object], str]] = {
    "a milder gate": (lambda run: (run.plan_dir / "plan.yaml").write_text("sparc: 1 # mild"), "plan.yaml"),
    "another agent": (lambda run: (run.plan_dir / "agents/write.py").write_text("evil()"), "agents/write.py"),
    "a mode": (lambda run: (run.plan_dir / "agents/write.py").chmod(0o644), "agents/write.py"),
    "a file gone": (lambda run: (run.plan_dir / "agents/write.py").unlink(), "agents/write.py"),
    "the manifest": (lambda run: run.manifest.write_bytes(b""), "plan.manifest"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_the_copy_is_noticed_and_named(begun: tuple[RunFolder, str], name: str) -> None:
    folder, expected = begun
    change, named = CHANGES[name]
    change(folder)
    with pytest.raises(Blocked, match="was changed after it had begun") as told:
        refuse_changed(folder, expected)
    assert f"({named} in {folder.path})" in str(told.value)


def test_a_link_that_leads_elsewhere_is_noticed_and_a_missing_manifest_too(begun: tuple[RunFolder, str]) -> None:
    folder, expected = begun
    link = folder.plan_dir / "with a\nline break"
    link.unlink()
    link.symlink_to("agents/write.py")
    with pytest.raises(Blocked, match="was changed"):
        refuse_changed(folder, expected)
    folder.manifest.unlink()
    with pytest.raises(Blocked, match="cannot be read"):
        refuse_changed(folder, expected)
