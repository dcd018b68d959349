"""Real pip-audit, which asks a service of vulnerabilities on this machine that may be down, silent or a liar."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gates.checks import Check
from gates.verdict import Verdict
from gates.waivers import Waiver
from tasks.bench import Bench
from tasks.exam import Exam

pytestmark = pytest.mark.builds

ExamOf = Callable[..., Exam]

FILES = {"requirements.txt": "iniconfig\nsniffio==1.3.0\n"}
NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def advisory(package: str, name: str, *aliases: str, fixed: str = "9.9") -> dict[str, Any]:
    """As the protocol has it."""
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {"package": {"name": package, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return {"id": name, "aliases": list(aliases), "summary": "It is bad.", "affected": [affected]}


KNOWN = {"requests": [advisory("requests", "GHSA-x84v-xcm2-53pg", "CVE-2018-18074", fixed="2.20.0")]}
"""What a truthful service knows of the package that is planted."""
BAD = advisory("sniffio", "GHSA-aaaa-bbbb-cccc", "CVE-2099-1", fixed="1.6.0")


class Service:
    """A service that tells of the advisories it is given, by package, or answers with a status."""

    def __init__(self) -> None:
        self.known: dict[str, list[dict[str, Any]]] = dict(KNOWN)
        self.status = 200
        self.body: bytes | None = None
        self.asked: dict[str, str] = {}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Speaks the protocol, one query after the other."""

            def do_POST(self) -> None:
                query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name = query["package"]["name"]
                service.asked[name] = query["version"]
                found = service.known.get(name)
                body = service.body or json.dumps({"vulns": found} if found else {}).encode()
                self.send_response(service.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/query"


@pytest.fixture
def service() -> Iterator[Service]:
    """One that is up and truthful."""
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


def asked(exam: Exam, service: Service, **limits: object) -> Verdict:
    check = Check.model_validate({"dependencies": {"service": "osv", "url": service.url, **limits}})
    with Bench(replace(exam, env={**exam.env, **NO_PROXY}), [check]) as bench:
        return bench.verdict(check).verdict


def plainly(tmp_path: Path, service: Service, *pinned: str) -> int:
    """What pip-audit itself says, by its exit code."""
    (tmp_path / "r.txt").write_text("\n".join(pinned) + "\n")
    words = ("-r", "r.txt", "--no-deps", "--disable-pip", "-s", "osv", "--osv-url", service.url, "--cache-dir", "cache")
    argv = (sys.executable, "-m", "pip_audit", *words)
    return subprocess.run(
        argv, cwd=tmp_path, env={**os.environ, **NO_PROXY}, check=False, capture_output=True
    ).returncode


def test_everything_that_is_installed_is_asked_about_and_nothing_else(exam_of: ExamOf, service: Service) -> None:
    verdict = asked(exam_of(FILES), service)
    assert verdict.passed, verdict.summary
    names = set(service.asked) - {"requests"}
    assert {"iniconfig", "sniffio", "pytest", "coverage"} <= names
    assert (service.asked["sniffio"], service.asked["requests"]) == ("1.3.0", "2.19.0")
    assert verdict.measured == {"vulnerabilities": 0, "packages": len(names)}
    assert verdict.summary == f"dependencies 0 findings in {len(names)} packages"


def test_a_vulnerability_is_told_with_its_names_where_the_package_is_stated(exam_of: ExamOf, service: Service) -> None:
    service.known["sniffio"] = [BAD]
    verdict = asked(exam_of(FILES), service)
    (found,) = verdict.findings
    assert (verdict.outcome, found.rule, found.path, found.line) == ("failed", "CVE-2099-1", "requirements.txt", 2)
    assert found.message == ("CVE-2099-1 sniffio 1.3.0 (GHSA-aaaa-bbbb-cccc): It is bad.; fixed in 1.6.0")
    waiver = Waiver.model_validate({"rule": "GHSA-aaaa-*", "paths": "requirements.txt", "reason": "not reachable"})
    waived = asked(exam_of(FILES, waivers=(waiver,)), service)
    assert waived.passed
    assert [(each.rule, each.reason) for each in waived.waived] == [("GHSA-aaaa-bbbb-cccc", "not reachable")]


def test_a_silent_service_that_pip_audit_believes_is_an_error(
    exam_of: ExamOf, service: Service, tmp_path: Path
) -> None:
    service.known = {}
    assert plainly(tmp_path, service, "sniffio==1.3.0", "requests==2.19.0") == 0
    verdict = asked(exam_of(FILES), service)
    assert verdict.outcome == "error"
    assert "the service did not answer truthfully: it knows nothing of the vulnerability of requests" in verdict.summary
    service.known = {"requests": [advisory("requests", "GHSA-zzzz-zzzz-zzzz")]}
    assert "did not answer truthfully" in asked(exam_of(FILES), service).summary


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (200, b"<html>sign in</html>"), (200, b'{"next": 1}')],
    ids=["500", "html", "json"],
)
def test_a_service_that_answers_with_anything_else_is_an_error(
    exam_of: ExamOf, service: Service, status: int, body: bytes | None
) -> None:
    service.status, service.body = status, body
    verdict = asked(exam_of(FILES), service)
    assert verdict.outcome == "error"
    assert verdict.summary.startswith("dependencies: pip-audit could not ask: ")


def test_a_service_that_is_down_is_an_error(exam_of: ExamOf, service: Service) -> None:
    service.server.shutdown()
    service.server.server_close()
    assert "pip-audit could not ask" in asked(exam_of(FILES), service).summary


def test_what_is_private_or_the_repositorys_own_is_not_asked_about(exam_of: ExamOf, service: Service) -> None:
    metadata = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    project = '[project]\nname = "ledger"\nversion = "1"\ndependencies = ["iniconfig"]\n'
    files = {"pyproject.toml": metadata + project, "src/ledger/__init__.py": "X = 1\n"}
    verdict = asked(exam_of(files), service, private=["ini*"])
    assert verdict.passed, verdict.summary
    assert not {"ledger", "iniconfig"} & set(service.asked)
    assert verdict.summary.endswith("; not asked about: ledger, iniconfig")


def test_a_target_without_metadata_has_nothing_to_ask_about(exam_of: ExamOf, service: Service) -> None:
    assert "no Python metadata" in asked(exam_of({"a.py": "x = 1\n"}), service).summary
    assert not service.asked
