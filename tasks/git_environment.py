"""The environment in which git runs: of our own making, so that no configuration of anybody else's has a say."""

import os
from collections.abc import Mapping
from types import MappingProxyType

# What is stored is what is on disk, byte for byte: no line ending, keyword, filter or encoding conversion, and no
# merge driver, whatever a tree's own .gitattributes say ($GIT_DIR/info/attributes wins over them).
ATTRIBUTES = "* -text !eol -ident -filter !working-tree-encoding !merge\n"
IDENTITY = {"NAME": "sparc", "EMAIL": "sparc@localhost"}
SETTINGS = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.excludesFile", os.devnull),
    ("core.attributesFile", os.devnull),
    ("core.autocrlf", "false"),
    ("core.symlinks", "true"),
    ("core.precomposeUnicode", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("core.filesRefLockTimeout", "1000"),  # milliseconds; others move references too
    ("protocol.file.allow", "always"),
    ("safe.directory", "*"),
    ("advice.detachedHead", "false"),
)


def environment(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The whole environment in which git runs: nothing of the caller's but PATH and temporary directory."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    every = (*SETTINGS, *more.items())
    settings = {"GIT_CONFIG_COUNT": str(len(every))}
    for number, (key, value) in enumerate(every):
        settings |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in IDENTITY.items()}
    return (
        kept
        | settings
        | who
        | {
            "HOME": os.devnull,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            # what newer gits would make otherwise of a new repository
            "GIT_DEFAULT_HASH": "sha1",
            "GIT_DEFAULT_REF_FORMAT": "files",
        }
    )
