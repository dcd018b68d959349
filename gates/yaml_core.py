"""The core schema of YAML 1.2: what a bare word means, for every reader of ours.

`on`, `no` and `12:30` are text, as editors and JSON have it. Numbers with an exponent need its sign, which JSON writes:
`12e45`, an abbreviated commit for instance, stays text.
"""

import re

import yaml

STANDARD = "tag:yaml.org,2002:"
MERGE = f"{STANDARD}merge"


class CoreLoader(yaml.SafeLoader):
    """Resolves by that schema."""


CoreLoader.yaml_implicit_resolvers = {}
for _tag, _form, _starts in (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+][0-9]+)?|[0-9]+[eE][-+][0-9]+)", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    CoreLoader.add_implicit_resolver(f"{STANDARD}{_tag}", re.compile(rf"(?:{_form})\Z"), list(_starts))


def read_text(text: str) -> object:
    """The plain data of a short text. Raises ValueError with the parser's words."""
    try:
        return yaml.load(text, CoreLoader)  # noqa: S506 - a SafeLoader with fewer bare words
    except (yaml.YAMLError, RecursionError) as problem:
        raise ValueError(f"is no YAML: {' '.join(str(problem).split())[:200]}") from None
