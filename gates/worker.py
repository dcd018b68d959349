"""One check in a process of its own: `python -I -m gates.worker REPORT_FILE`.

Standard input is one JSON document, `{"check": name, "limits": {...}, "subject": {...}}`; the verdict is written as
JSON to REPORT_FILE, whole or not at all. Whatever goes wrong becomes a verdict `error`; without a report the process
has crashed, or was ended.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from gates.checks import Check
from gates.subject import Subject
from gates.verdict import Unmeasurable, Verdict, error

CPU_SECONDS = 900
ADDRESS_SPACE = 4 * 1024**3
MOST_CHARACTERS = 600


def main(report: str) -> None:
    """Answer the question on standard input, into the file `report`."""
    _limit_resources()
    verdict = answer_to(sys.stdin.read())
    _write(Path(report), verdict)


def answer_to(question: str) -> Verdict:
    """The verdict on a question, and never an exception."""
    label = "check"
    try:
        asked = json.loads(question)
        check = Check.model_validate({"name": asked["check"], "limits": asked["limits"]})
        label = check.label
        subject = Subject.model_validate(asked["subject"])
        return check.kind.judge(check.limits, check.kind.measure(check.limits, subject))
    except Unmeasurable as problem:
        return error(label, str(problem), *problem.findings)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - one check must not take the gate with it
        reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:MOST_CHARACTERS]}"
        return error(label, f"could not be measured: {reason.rstrip(': ')}")


def _write(report: Path, verdict: Verdict) -> None:
    # escaped, for a path that is no UTF-8 cannot be written otherwise
    text = json.dumps(verdict.model_dump(mode="json"))
    partial = report.with_name(f"{report.name}.{os.getpid()}")
    partial.write_text(text, encoding="ascii")
    partial.replace(report)


def _limit_resources() -> None:
    """Keep a file that was made to exhaust us from taking the machine along; where the system knows such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - Unix only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXCPU, _spent)
        _lower(resource.RLIMIT_CPU, CPU_SECONDS)
        _lower(resource.RLIMIT_AS, ADDRESS_SPACE)


def _lower(kind: int, most: int) -> None:
    import resource  # noqa: PLC0415 - Unix only

    _, hard = resource.getrlimit(kind)
    # past the soft limit of time comes a signal, past the hard one the end
    limits = (most, most + 10) if hard == resource.RLIM_INFINITY else (min(most, hard), min(most + 10, hard))
    resource.setrlimit(kind, limits)


def _spent(*_: object) -> NoReturn:
    raise TimeoutError(f"{CPU_SECONDS} s of processor time are spent")


if __name__ == "__main__":
    main(sys.argv[1])
