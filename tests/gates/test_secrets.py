"""Secrets made at random while the tests run, so that no file of ours has one, and what only looks like one."""

import base64
import json
import random
import string
from collections.abc import Callable

import pytest

from gates.checks import Check
from gates.subject import Subject
from gates.verdict import Verdict
from gates.waivers import Waiver

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

CHANCE = random.Random(7)  # noqa: S311 - these open nothing
ALNUM = string.ascii_letters + string.digits
DASHES = "-" * 5


def some(length: int, alphabet: str = ALNUM) -> str:
    """Characters at random, each kind of them among the first three."""
    first = "".join(dict.fromkeys(["a" if "a" in alphabet else alphabet[0], "Z" if "Z" in alphabet else alphabet[-1]]))
    digit = "7" if "7" in alphabet else alphabet[1]
    return (first + digit + "".join(CHANCE.choice(alphabet) for _ in range(length)))[:length]


def jwt() -> str:
    """A signed token as web services have them."""
    parts = (json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": some(12), "iat": 1700000000}))
    heads = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join((*heads, some(43)))


def key(kind: str = "RSA ") -> str:
    """A private key, as far as its form goes."""
    body = "\n".join(some(64) for _ in range(5))
    return f"{DASHES}BEGIN {kind}PRIVATE KEY{DASHES}\n{body}\n{DASHES}END {kind}PRIVATE KEY{DASHES}\n"


UPPER = string.ascii_uppercase + "234567"
TRUE = [
    ("aws-access-key", "AK" + "IA" + some(16, UPPER)),
    ("aws-secret-key", "aws_secret_access_key = " + some(40)),
    ("github-token", "gh" + "p_" + some(36)),
    ("github-token", "github" + "_pat_" + some(82)),
    ("gitlab-token", "gl" + "pat-" + some(20)),
    ("slack-token", "xo" + "xb-" + some(12, string.digits) + "-" + some(24)),
    ("slack-webhook", "https://hooks.slack" + ".com/services/T" + some(8) + "/B" + some(8) + "/" + some(24)),
    ("stripe-key", "sk" + "_live_" + some(24)),
    ("google-key", "AI" + "za" + some(35)),
    ("npm-token", "np" + "m_" + some(36)),
    ("package-index-token", "py" + "pi-AgE" + some(80)),
    ("openai-key", "s" + "k-proj-" + some(40) + "T3Blbk" + "FJ" + some(40)),
    ("anthropic-key", "sk" + "-ant-api03-" + some(93)),
    ("huggingface-token", "h" + "f_" + some(34)),
    ("sendgrid-key", "S" + "G." + some(22) + "." + some(43)),
    ("digitalocean-token", "do" + "p_v1_" + some(64, "0123456789abcdef")),
    ("azure-key", "DefaultEndpointsProtocol=https;Account" + "Key=" + some(86) + "=="),
    ("jwt", jwt()),
    ("private-key", key()),
    ("private-key", key("OPENSSH ")),
    ("private-key", json.dumps({"private_key": key("")})),
    ("private-key", f"{DASHES}BEGIN RSA PRIVATE KEY{DASHES}\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\n{some(64)}\n"),
    ("url-password", f"postgresql://app:{some(16)}@db.internal:5432/app"),
    ("password", f'DB_PASSWORD = "{some(14)}"'),
    ("password", f"client_secret: '{some(32)}'"),
    ("password", f'{{"apiKey": "{some(32)}"}}'),
    ("password", f'config["secret_key"] = "{some(24)}"'),
    ("password", f'token: str = "{some(20)}"'),
    ("github-token", "git clone https://gh" + f"p_{some(36)}@host/shop"),
    ("github-token", "x_gh" + f"p_{some(36)}"),
    ("authorization", f"curl -H 'Authorization: Bearer {some(30)}'"),
    ("authorization", "Authorization: Basic " + base64.b64encode(f"app:{some(16)}".encode()).decode()),
    ("password", f'password             =   "{some(14)}"'),
    ("password", f'os.getenv("DB_PASSWORD", "{some(14)}")'),
    ("password", f"os.environ.get('API_TOKEN', '{some(14)}')"),
    ("password", f'password: str | None = "{some(14)}"'),
    ("password", f'password = SecretStr("{some(14)}")'),
    ("password", f'password = """{some(14)}"""'),
    ("password", f"const dbPassword = `{some(14)}`"),
    ("password", json.dumps({"source": [f'password = "{some(14)}"']})),
    ("password", f"<password>{some(14)}</password>"),
    ("password", f'"Server=db;User Id=app;Password={some(14)};"'),
    ("password", f"backup --db-password={some(14)} /srv"),
    ("password", f"backup --token {some(14)} /srv"),
]


@pytest.mark.parametrize(("rule", "text"), TRUE, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(TRUE)])
def test_what_looks_like_a_secret_is_told_by_rule_and_place_and_never_shown(
    tree: Tree, ask: Ask, rule: str, text: str
) -> None:
    verdict = ask("secrets", tree({"docs/a.txt": f"one\ntwo\n{text}\n", "b.py": "x = 1\n"}))
    assert verdict.outcome == "failed"
    assert [(found.rule, found.path, found.line) for found in verdict.findings] == [(rule, "docs/a.txt", 3)]
    hidden = max(text.replace("\\n", "\n").split("\n"), key=len)[-12:].strip("\"'}/=")
    assert len(hidden) > 5
    assert hidden not in verdict.model_dump_json()


FALSE = [
    "AK" + "IAIOSFODNN7EXAMPLE",
    "gh" + "p_" + "x" * 36,
    "sk" + "_live_" + "0" * 24,
    f"{DASHES}BEGIN RSA PRIVATE KEY{DASHES}\n...\n{DASHES}END RSA PRIVATE KEY{DASHES}\n",
    'password = "changeme"',
    'password = os.environ["DB_PASSWORD"]',
    'password = "${DB_PASSWORD}"',
    "password: <your password>",
    'api_key = "YOUR-API-KEY-123"',
    'token = "{{ token }}"',
    'secret_key = "dev"',
    'PASSWORD_HASH = "$2b$12$abcdefghijklmnopqrstuv"',
    "postgresql://user:password@localhost/db",
    "https://user:pass@host",
    "https://{user}:{password}@host",
    'token_url = "https://login.host/oauth2/token"',
    'password_field = "user.password_field_1"',
    "sha256:" + some(64, "0123456789abcdef"),
    'access_key = "none"',
    "def f(token: str, secret: bytes = b'') -> None: ...",
    "Authorization: Basic " + base64.b64encode(b"username:password").decode(),
    "Authorization: Bearer <your token>",
    "connect(password=self.password2, other=1)",
    "tool --password $PASSWORD1 --token {token12345}",
    'os.getenv("DB_PASSWORD", "changeme")',
    "<password>${DB_PASSWORD}</password>",
]

MISSED = [
    't = "gh" + "p_" + "' + some(36) + '"',
    't = "gh' + f'p_{some(18)}" "{some(18)}"',
    't = "' + base64.b64encode(("gh" + f"p_{some(36)}").encode()).decode() + '"',
    f'password = "{some(8)}test{some(8)}"',
]


@pytest.mark.parametrize("text", MISSED)
def test_what_is_put_together_encoded_or_looks_made_up_is_not_found(tree: Tree, ask: Ask, text: str) -> None:
    assert ask("secrets", tree({"a.py": text + "\n"})).outcome == "passed"


@pytest.mark.parametrize("text", FALSE)
def test_placeholders_references_and_hashes_are_none(tree: Tree, ask: Ask, text: str) -> None:
    verdict = ask("secrets", tree({"a.py": f"{text}\n", "b.yaml": f"{text}\n"}))
    assert verdict.passed, verdict.summary


@pytest.mark.parametrize(
    "path", [".env", "app/.env.production", "config.ini", "deploy/values.yaml", ".npmrc", "deploy.sh", "prod.env.bak"]
)
def test_values_without_quotes_are_looked_for_where_files_have_them(tree: Tree, ask: Ask, path: str) -> None:
    line = f"export DB_PASSWORD={some(16)}\n"
    assert [found.rule for found in ask("secrets", tree({path: line})).findings] == ["password"]
    assert ask("secrets", tree({"a.py": line, path: "DB_PASSWORD=\n"})).passed


def test_lock_files_are_spared_hashes_but_no_tokens(tree: Tree, ask: Ask) -> None:
    lock = f'token = "{some(40)}"\n'
    assert ask("secrets", tree({"uv.lock": lock})).passed
    assert ask("secrets", tree({"uv.lock": lock + "np" + "m_" + some(36)})).measured == 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: b"\0\1\2" + text.encode() + b"\0\xff",
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: b"\xff\xfe\xfa" + b"\n" * 100_000 + text.encode(),
        lambda text: ("x" * 300_000 + " " + text).encode(),
    ],
    ids=["binary", "utf-16", "utf-16-bare", "bom", "no-utf-8", "long-line"],
)
def test_no_kind_of_file_hides_one(tree: Tree, ask: Ask, wrap: Callable[[str], bytes]) -> None:
    assert ask("secrets", tree({"data.bin": wrap("gh" + "p_" + some(36))})).measured == 1


def test_nothing_in_a_file_allows_one_and_a_waiver_does(tree: Tree, ask: Ask) -> None:
    files = {"a.py": f"t = '{'gh' + 'p_' + some(36)}'  # nosec noqa pragma: allowlist secret gitleaks:allow\n"}
    assert ask("secrets", tree(files)).measured == 1
    waiver = Waiver.model_validate({"rule": "github-token", "paths": "a.py", "reason": "revoked"})
    verdict = ask("secrets", tree(files, waivers=[waiver]))
    assert verdict.passed
    assert [(found.rule, found.reason) for found in verdict.waived] == [("github-token", "revoked")]


def test_only_new_ones_count_against_a_base(tree: Tree, ask: Ask) -> None:
    old, new = (f"t = '{'gh' + 'p_' + some(36)}'\n" for _ in range(2))
    base = tree({"a.py": old})
    before = base.model_copy(update={"root": base.root.rename(base.root.with_name("base"))})
    subject = tree({"a.py": "# moved\n" + old, "b.py": new})
    verdict = ask({"secrets": {"new_only": True}}, subject.model_copy(update={"base": before}))
    assert [found.path for found in verdict.findings] == ["b.py"]
    twice = tree({"a.py": old + old})
    assert ask({"secrets": {"new_only": True}}, twice.model_copy(update={"base": before})).measured == 1
    assert ask({"secrets": {"new_only": True}}, subject).outcome == "error"
    assert Check.model_validate({"secrets": {"new_only": True}}).kind.compares(
        Check.model_validate({"secrets": {"new_only": True}}).limits
    )


def test_a_new_one_among_many_old_ones_counts(tree: Tree, ask: Ask) -> None:
    old = "".join(f"t = '{'gh' + 'p_' + some(36)}'\n" for _ in range(150))
    base = tree({"a.py": old})
    before = base.model_copy(update={"root": base.root.rename(base.root.with_name("base"))})
    subject = tree({"a.py": f"{old}t = '{'gh' + 'p_' + some(36)}'\n"}).model_copy(update={"base": before})
    assert [each.line for each in ask({"secrets": {"new_only": True}}, subject).findings] == [151]
    assert ask("secrets", subject).measured == 100


def test_nothing_to_search_is_an_error_and_links_are_not_followed(tree: Tree, ask: Ask) -> None:
    assert ask("secrets", tree({})).outcome == "error"
    assert ask({"secrets": {"paths": "no/**"}}, tree({"a.py": "x"})).outcome == "error"
    assert ask("secrets", tree({"b.txt": "x"}, links={"a": "/etc/passwd"})).passed


def test_whoever_makes_the_search_long_is_still_searched(tree: Tree, ask: Ask) -> None:
    begin = f"{DASHES}BEGIN PRIVATE KEY{DASHES}" + " " * 200_000
    files = {
        "a": begin,
        "b": "token" * 100_000,
        "c": "eyJ" * 100_000,
        "d.env": "password=" * 50_000,
        "e": "://" * 100_000,
        "f": "gl" + "pat-" * 100_000,
        "g": ("gl" + "pat-") * 20_000,
    }
    assert ask("secrets", tree(files)).passed
    assert ask("secrets", tree({"a": f"t = '{'gh' + 'p_' + some(36)}'\n" * 3000})).measured == 100
