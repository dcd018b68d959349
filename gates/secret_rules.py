"""What secrets look like: tokens by the shape that their provider gives them, and passwords by where they stand.

The shapes are written in pieces or with classes of characters where the text itself would look like a secret.
"""

import base64
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

DASHES = "-" * 5
LEAST_BITS = 3.0
"""Of entropy for each character: below that a value is a word, or made up by hand."""
LOCKS = frozenset({
    "uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "package-lock.json", "npm-shrinkwrap.json",
    "yarn.lock", "pnpm-lock.yaml", "bun.lock", "Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "flake.lock",
    "gradle.lockfile", "mix.lock", "rebar.lock",
})  # fmt: skip
"""Their hashes are no secrets, so that only the shapes of providers are looked for."""
PLAIN = frozenset({
    ".env", ".ini", ".cfg", ".conf", ".properties", ".yml", ".yaml", ".tfvars", ".netrc", ".npmrc", ".sh", ".bash",
    ".zsh", "Dockerfile", "Containerfile", ".service",
})  # fmt: skip
"""Suffixes or names of files whose values stand without quotes."""


class Match(NamedTuple):
    """Where something that looks like a secret stands."""

    start: int
    text: str


class Rule(NamedTuple):
    """One shape."""

    name: str
    marks: tuple[str, ...]
    """What a match begins with, one of them, in lower case: they are found much faster than a pattern is."""
    pattern: re.Pattern[str]
    """From the mark on; its group 1 is the secret."""
    is_secret: Callable[[str], bool]
    before: re.Pattern[str] | None = None
    """What must be all of the line before the mark."""


def bits(text: str) -> float:
    """Shannon's entropy, in bits for each character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


RUN = re.compile(r"(.)\1{5,}|0123456789|1234567890|abcdefghij|ABCDEFGHIJ")
SAMPLE = re.compile(r"(?i)example")


def _is_token(text: str) -> bool:
    """Whether a token could be a real one: documentation has them with EXAMPLE in them, or one character many times."""
    return not RUN.search(text) and not SAMPLE.search(text) and bits(text) >= LEAST_BITS


MADE_UP = re.compile(
    r"(?i)example|sample|placeholder|change.?me|replace.?me|your|dummy|redacted|todo|fixme|xxx|\*\*\*|\.\.\.|fake|mock"
    r"|test|secret|passw|token|api.?key|none|null|default|foobar|foo|hunter|letmein|qwerty|insert|here|string"
)
REFERENCE = re.compile(
    r"^[<\[{(]|[>\])}]$|\$[({\w]|\{\{|%[({]|%s|\{\w*\}|^(?:os\.|env[.\[(]|process\.env|vault:|ssm:|secrets\.|file:|/|\./)"
)
DIGIT, LETTER = re.compile(r"[0-9]"), re.compile(r"[A-Za-z]")
NAME = re.compile(r"^[A-Za-z_][A-Za-z_.:-]*$")
"""A word, or a dotted or hyphenated one: the name of something rather than its value."""


def _is_password(text: str) -> bool:
    """Whether the value of a password's name could be a real one."""
    if MADE_UP.search(text) or REFERENCE.search(text) or RUN.search(text) or NAME.match(text):
        return False
    return bool(DIGIT.search(text) and LETTER.search(text)) and bits(text) >= LEAST_BITS


def _is_key(text: str) -> bool:
    """Whether there is a key behind its first line."""
    return not SAMPLE.search(text) and bits(text) > LEAST_BITS + 1


def _is_password_of_url(text: str) -> bool:
    return _is_password(text) and len(text) >= SHORTEST


def _is_authorization(text: str) -> bool:
    """Whether the credentials of a request could be real ones: a token, or a user and a password in base64."""
    try:
        user, _, password = base64.b64decode(text, validate=True).decode("ascii").partition(":")
    except ValueError:
        user = password = ""
    return _is_password_of_url(password) if user and password else _is_token(text) and not MADE_UP.search(text)


SHORTEST = 8


def _token(name: str, shape: str, *marks: str) -> Rule:
    # what begins with a mark of its own may stand behind anything (`https://ghp_...@host`); other shapes occur in data
    before = "A-Za-z0-9" if any("_" in mark or "-" in mark for mark in marks) else "A-Za-z0-9_/+-"
    return Rule(name, marks, re.compile(rf"(?<![{before}])({shape})(?![A-Za-z0-9_/+])"), _is_token)


BEGIN = rf"{DASHES}BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?{DASHES}"
GAP = r"(?:\\[rn]|[\s\"'+,])*+(?:[A-Za-z-]+: [^\n]*\n|\s)*+"
"""Between that line and the key: in source code there are quotes, in old keys there are headers."""
SETS = r"\s{0,40}(?::\s{0,3}(?:str|bytes|Final|SecretStr)(?:\s?\|\s?None)?\s{0,3}=|:=|=>|[:=])\s{0,40}"
# where another mark may stand within a token, its length has an end: each of them is looked at from its mark on
TOKENS = (
    _token("aws-access-key", r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}", "akia", "asia", "abia", "acca"),
    _token("github-token", r"gh[pousr]_[A-Za-z0-9]{36,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("github-token", r"github_pat_[A-Za-z0-9_]{60,255}", "github_pat_"),
    _token("gitlab-token", r"gl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,300}", "glpat-", "glptt-", "gldt-", "glrt-"),
    _token("slack-token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}", "xox"),
    _token("slack-token", r"xapp-\d-[A-Za-z0-9-]{20,300}", "xapp-"),
    _token("stripe-key", r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}", "sk_", "rk_"),
    _token("stripe-key", r"whsec_[A-Za-z0-9+/]{32,}", "whsec_"),
    _token("google-key", r"AIza[A-Za-z0-9_-]{35}", "aiza"),
    _token("google-key", r"GOCSPX-[A-Za-z0-9_-]{28}", "gocspx-"),
    _token("npm-token", r"npm_[A-Za-z0-9]{36}", "npm_"),
    _token("package-index-token", r"pypi-AgE[A-Za-z0-9_-]{50,1000}", "pypi-age"),
    _token("openai-key", r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,200}T3BlbkFJ[A-Za-z0-9_-]{20,300}", "sk-"),
    _token("anthropic-key", r"sk-ant-[a-z0-9]{1,20}-[A-Za-z0-9_-]{80,300}", "sk-ant-"),
    _token("huggingface-token", r"hf_[A-Za-z0-9]{34}", "hf_"),
    _token("sendgrid-key", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", "sg."),
    _token("digitalocean-token", r"do[opr]_v1_[a-f0-9]{64}", "doo_v1_", "dop_v1_", "dor_v1_"),
    _token("age-key", r"AGE-SECRET-KEY-1[A-Z0-9]{58}", "age-secret-key-"),
    _token("jwt", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}", "eyj"),
    Rule("slack-webhook", ("hooks.slack.",), re.compile(r"[a-z.]{15}/[a-z]+/([A-Za-z0-9/]{30,})"), _is_token),
    Rule("private-key", (f"{DASHES}begin ",), re.compile(rf"({BEGIN}{GAP}[A-Za-z0-9+/=]{{32,}})"), _is_key),
    Rule("azure-key", ("accountkey=",), re.compile(r".{11}([A-Za-z0-9+/]{86}==)"), _is_token),
    Rule(
        "aws-secret-key", ("aws",),
        re.compile(
            rf"(?i:aws[a-z0-9_ .-]{{0,20}}(?:secret|sk|key)[a-z0-9_ .-]{{0,20}})[\"']?{SETS}[\"']?"
            r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
        _is_token,
    ),
    Rule(
        "authorization", ("authorization",),
        re.compile(
            r"(?i:[a-z]{13}\\?[\"']?\s{0,3}[:=,]\s{0,3}\\?[\"']?(?:basic|bearer|token))\s+([A-Za-z0-9+/=._~-]{16,400})"
        ),
        _is_authorization,
    ),
    Rule(
        "url-password", ("://",),
        re.compile(r"://[^\s/:@\"'<>`]{0,64}:([^\s/:@\"'<>`]{3,128})@[A-Za-z0-9.\[-]"), _is_password_of_url,
    ),
)  # fmt: skip
"""What a provider's shape gives away, in any file."""

MARKS = (
    *("passwd", "password", "passphrase", "pwd", "secret", "token", "credential"),
    *(f"{word}{gap}key" for word in ("api", "auth", "access", "private") for gap in ("", "_", "-")),
)
REST = r"[A-Za-z0-9_.-]{1,40}"
"""The mark, and the rest of the name."""
QUOTED = Rule(
    "password",
    MARKS,
    re.compile(
        rf"{REST}\\?[\"']?\]?{SETS}(?:[A-Z][A-Za-z]{{0,30}}\()?[brfu]{{0,2}}\\?(?:[\"']|[`])+([^\s\"'`\\]{{8,200}})\\?[\"'`]"
    ),
    _is_password,
)
DEFAULT = Rule(
    "password",
    ("getenv(", "environ.get(", "environ.setdefault("),
    re.compile(
        rf"[a-z.]{{3,20}}\(\s*[\"'][A-Za-z0-9_]*(?i:{'|'.join(MARKS)})[A-Za-z0-9_]*[\"']\s*,\s*[\"']([^\s\"']{{8,200}})[\"']"
    ),
    _is_password,
)
ELEMENT = Rule(
    "password",
    MARKS,
    re.compile(rf"{REST}(?:\s[^<>\n]{{0,200}})?>\s*([^<>\s]{{8,200}})\s*</"),
    _is_password,
    before=re.compile(r".*<[A-Za-z0-9_:.-]*"),
)
"""`<password>...</password>`."""
OPTION = Rule(
    "password",
    MARKS,
    re.compile(r"[A-Za-z0-9-]{1,40}[= ][\"']?([^\s\"'$<{\[]{8,200})"),
    _is_password,
    before=re.compile(r".*\s--[A-Za-z0-9-]*"),
)
"""`--password=...`, in a file of commands as in a text."""
CONNECTION = Rule(
    "password",
    ("password", "pwd"),
    re.compile(r"[A-Za-z]{3,8}\s?=\s?([^\s;\"'$<{]{8,200})(?=;|[\"'])"),
    _is_password,
    before=re.compile(r".*=[^;=]*;\s*"),
)
"""`Server=db;Password=...;`."""
BARE = Rule(
    "password", MARKS,
    re.compile(rf"{REST}\s{{0,40}}[:=]\s{{0,40}}([^\s\"'#;,&|]{{8,200}})[^\S\n]*(?=\n|\Z)"), _is_password,
    before=re.compile(r"\s*(?:export\s+|set\s+|ENV\s+|ARG\s+|-\s+|//[^\s=]*:_?)?[A-Za-z0-9_.-]*"),
)  # fmt: skip


def rules_for(path: str) -> Iterator[Rule]:
    """The shapes that are looked for in a file."""
    name = PurePosixPath(path).name
    yield from TOKENS
    if name not in LOCKS:
        yield from (QUOTED, DEFAULT, ELEMENT, OPTION, CONNECTION)
        if ".env" in name or not PLAIN.isdisjoint({name, PurePosixPath(name).suffix}):
            yield BARE


def matches(rule: Rule, text: str, lowered: str) -> Iterator[Match]:
    """Where something of a shape stands in a text; `lowered` is the same in lower case, character by character."""
    for mark in rule.marks:
        start = lowered.find(mark)
        while start >= 0:
            found = rule.pattern.match(text, start)
            if found and rule.is_secret(found[1]) and _fits(rule, text, start):
                yield Match(found.start(1), found[1])
            start = lowered.find(mark, start + 1)


def _fits(rule: Rule, text: str, start: int) -> bool:
    line = text.rfind("\n", 0, start) + 1
    return rule.before is None or rule.before.fullmatch(text, line, start) is not None
