"""Signatures: a key that can sign unattended, a run that is signed with it, and what the verifier makes of that."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import Refused
from tasks.evidence import keep
from tasks.git import Git
from tasks.git_directories import create_bare
from tasks.repository import Repository
from tasks.signing import Signer, signer_of
from tasks.verify import Report, verify
from tests.tasks.stories import Story

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not installed")

RunGit = Callable[..., str]


def new_key(file: Path, passphrase: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "someone", "-f", str(file))
    subprocess.run(words, check=True, capture_output=True)
    return file


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_key(tmp_path_factory.mktemp("keys") / "sparc")


@pytest.fixture(scope="module")
def signer(key: Path) -> Signer:
    return signer_of(str(key), {})


@pytest.fixture(scope="module")
def told(begin: Callable[[Path], Story], signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A released run that was signed throughout; nobody changes it."""
    story = begin(tmp_path_factory.mktemp("told"))
    story = replace(story, hub=replace(story.hub, signer=signer))
    story.two_phases()
    assert story.release()
    return story


@pytest.fixture
def signed(told: Story, tmp_path: Path) -> Story:
    return told.copied(tmp_path)


def allowing(key: Path, options: str = "") -> Path:
    """A list of signers with this one key."""
    kind, public, _ = key.with_name(f"{key.name}.pub").read_text().split()
    file = key.with_name(f"allowed{len(list(key.parent.iterdir()))}")
    file.write_text(f"# who may\nsomeone@example,*@sparc {options} {kind} {public}\n")
    return file


def blamed(report: Report) -> dict[str, str]:
    return {finding.commit: finding.problem for finding in report.findings}


# -- the key


def test_a_key_is_known_by_the_fingerprint_that_ssh_keygen_shows(key: Path) -> None:
    shown = subprocess.run(("ssh-keygen", "-l", "-f", str(key)), capture_output=True, text=True, check=True).stdout
    assert signer_of(str(key), {}) == Signer(key, shown.split()[1])
    assert signer_of(f"~/{key.name}", {"HOME": str(key.parent)}) == Signer(key, shown.split()[1])


def test_a_key_that_cannot_sign_unattended_is_refused_in_words(tmp_path: Path, key: Path) -> None:
    locked = new_key(tmp_path / "locked", "secret")
    open_to_all = tmp_path / "open"
    open_to_all.write_bytes(key.read_bytes())
    open_to_all.chmod(0o644)
    text = tmp_path / "text"
    text.write_text("no key\n")
    text.chmod(0o600)
    for place, words in (
        (tmp_path / "none", "No such file or directory; `ssh-keygen -t ed25519"),
        (tmp_path, "Is a directory"),
        (locked, "is protected by a passphrase, and nobody is there to type it"),
        (open_to_all, "can be read by others, and ssh-keygen takes no such key: `chmod 600` it"),
        (text, "is no private SSH key that can be read"),
        ("keys/sparc", "is no absolute path, and none that begins with ~/"),
        ("~other/sparc", "is no absolute path"),
    ):
        with pytest.raises(Refused) as refused:
            signer_of(str(place), {"HOME": str(tmp_path)})
        assert words in str(refused.value)
        assert str(refused.value).startswith("signing.key: ")


def test_a_key_where_agents_work_is_refused_also_through_a_link(key: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(key.parent)
    for place in (key, tmp_path / "link/sparc"):
        with pytest.raises(Refused, match="where agents work: keep it outside"):
            signer_of(str(place), {}, (tmp_path / "other", key.parent))
    assert signer_of(str(key), {}, (tmp_path,)).key == key


def test_without_ssh_keygen_nothing_is_signed(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="which comes with OpenSSH"):
        signer_of(str(key), {})


# -- what is signed


def test_every_commit_of_a_signing_repository_is_signed_and_no_other(key: Path, tmp_path: Path) -> None:
    git = create_bare(tmp_path / "bare.git")
    git.run("config", "gpg.ssh.program", "false")  # what a repository configures has no say
    git.run("config", "user.signingKey", "nobody")
    tree = git.line("mktree")
    mine = Git(git.directory, signing=key).write_commit(tree, (), "Mine\n")
    assert b"\ngpgsig -----BEGIN SSH SIGNATURE-----\n" in git.run("cat-file", "commit", mine)
    assert b"gpgsig" not in git.run("cat-file", "commit", git.write_commit(tree, (), "Mine\n"))


def test_a_signed_run_holds_and_is_compared_with_a_list_if_there_is_one(told: Story, key: Path, signer: Signer) -> None:
    plain = verify(told.repository, "main", None)
    assert plain.ok
    assert [(one.key, one.merges) for one in plain.signers] == [(signer.fingerprint, 6)]
    assert plain.notes == (f"6 merges signed by {signer.fingerprint}, compared with no list of signers (--signers)",)
    listed = verify(told.repository, "main", None, allowing(key))
    assert listed.ok
    assert listed.notes == (f"6 merges signed by {signer.fingerprint}, whom the list of signers allows",)
    git = told.repository.git
    for branch in told.hub.git.refs("refs/heads/"):
        assert branch.startswith("refs/heads/agent/") or b"gpgsig" in told.hub.git.run("cat-file", "commit", branch)
    # git itself agrees
    allowed = f"gpg.ssh.allowedSignersFile={allowing(key)}"
    git.run("-c", "gpg.format=ssh", "-c", allowed, "verify-commit", *plain.verified)


def test_another_key_than_the_allowed_ones_is_found(told: Story, key: Path, tmp_path: Path, signer: Signer) -> None:
    words = f"it is signed by {signer.fingerprint}, which the list of signers does not allow"
    for allowed in (
        allowing(new_key(tmp_path / "other")),
        allowing(key, 'valid-before="20010101"'),
        allowing(key, 'namespaces="file"'),
    ):
        report = verify(told.repository, "main", None, allowed)
        assert len(report.findings) == 6
        assert set(blamed(report).values()) == {words}
        assert not report.verified
    assert verify(told.repository, "main", None, allowing(key, 'valid-after="20010101"')).ok


def test_an_unsigned_merge_among_signed_ones_is_found(signed: Story, key: Path, signer: Signer) -> None:
    unsigned = replace(signed, hub=replace(signed.hub, signer=None))
    git = signed.repository.git
    first = git.commit(signed.repository.tip("sparc/ledger") or "").parents[0]
    assert verify(signed.repository, "main", None).ok
    old = git.commit(signed.repository.tip("main") or "")
    phase = unsigned.hub.git.commit(old.parents[1])
    forged = git.write_commit(phase.tree, phase.parents, phase.message)
    gates = [phase.trailers["Sparc-Evidence"].removeprefix("sha256:")]
    record = {
        "kind": "release", "run": "ledger-1", "start": signed.hub.start, "gates": gates,
        "signer": signer.fingerprint, "tree": old.tree, "parents": [old.parents[0], forged],
    }  # fmt: skip
    release = made_release(Git(git.directory, signing=key), record, old.message)
    git.move("refs/heads/main", release, old.oid)
    words = f"it is not signed, and its release says that it is, by {signer.fingerprint}"
    assert blamed(verify(signed.repository, "main", None)) == {forged: words}
    assert blamed(verify(signed.repository, "main", None, allowing(key))) == {forged: words}
    assert first in verify(signed.repository, "main", None).verified


def made_release(git: Git, record: dict[str, Any], message: str) -> str:
    """A release by its evidence."""
    (name,) = keep(git, [record])
    old = next(line for line in message.splitlines() if line.startswith("Sparc-Evidence: "))
    return git.write_commit(record["tree"], record["parents"], message.replace(old, f"Sparc-Evidence: sha256:{name}"))


@pytest.mark.parametrize("how", ["message", "signature", "of another commit", "pgp", "no armour", "twice"])
def test_a_signature_that_does_not_fit_is_found(signed: Story, how: str) -> None:
    git, tip = signed.repository.git, signed.repository.tip("main") or ""
    body = git.run("cat-file", "commit", tip).decode()
    head, _, rest = body.partition("gpgsig ")
    armour, _, message = rest.partition(" -----END SSH SIGNATURE-----\n")
    other = git.run("cat-file", "commit", "refs/heads/sparc/ledger").decode()
    theirs = other.partition("gpgsig ")[2].partition(" -----END SSH SIGNATURE-----\n")[0]
    end = " -----END SSH SIGNATURE-----\n"
    lines = armour.splitlines()
    broken = "\n".join([*lines[:-1], " " + lines[-1].strip()[::-1]]) + "\n"
    forged = {
        "message": body.replace("Release", "Reiease"),
        "signature": f"{head}gpgsig {broken}{end}{message}",
        "of another commit": f"{head}gpgsig {theirs}{end}{message}",
        "pgp": body.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        "no armour": f"{head}gpgsig nothing\n{message}",
        "twice": f"{head}gpgsig {armour}{end}gpgsig {theirs}{end}{message}",
    }[how]
    made = git.line("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=forged.encode())
    git.run("update-ref", "refs/heads/main", made)
    assert "signature" in blamed(verify(signed.repository, "main", None))[made]


def test_what_a_repository_configures_decides_nothing_and_runs_nothing(
    signed: Story, tmp_path: Path, git: RunGit, key: Path
) -> None:
    trap, sprung = tmp_path / "trap", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\necho Good\n")
    trap.chmod(0o755)
    other = allowing(new_key(tmp_path / "other"))
    for name, value in {
        "gpg.ssh.program": trap, "gpg.program": trap, "gpg.format": "openpgp", "gpg.minTrustLevel": "undefined",
        "gpg.ssh.allowedSignersFile": allowing(key), "gpg.ssh.revocationFile": other, "log.showSignature": "true",
    }.items():  # fmt: skip
        git(signed.repository.path, "config", name, str(value))
    assert not verify(signed.repository, "main", None, other).ok
    assert verify(signed.repository, "main", None, allowing(key)).ok
    assert not sprung.exists()


def test_a_list_that_names_nobody_is_refused(users: Repository, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("# nobody\n\n")
    for file, words in ((empty, "names no signer"), (tmp_path / "none", "cannot read"), (tmp_path, "cannot read")):
        with pytest.raises(Refused, match=f"--signers: .*{words}"):
            verify(users, "main", None, file)


def test_an_unsigned_run_does_not_hold_against_a_list(story: Story, key: Path) -> None:
    story.two_phases()
    assert story.release()
    report = verify(story.repository, "main", None, allowing(key))
    assert set(blamed(report).values()) == {"it is not signed"}
    assert shutil.which("ssh-keygen")
