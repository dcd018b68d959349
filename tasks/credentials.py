"""The password of the local Prefect server, and what else no agent and no target may read.

Whoever reaches the server's port could approve reviews, cancel runs and change blocks, and a jail of files does not
stop a connection to this machine. So the API asks for a password. It is in no environment, for one process can read
another one's: it stands in a file of Prefect's own (profiles.toml, readable by its owner alone) in a folder that is
hidden from every program of an agent or target.
"""

import ctypes
import os
import secrets
import tomllib
from pathlib import Path

from tasks.atomic import write_atomically

FOLDER = "prefect"
"""Below SPARC_HOME: the server's database, and the password."""
PROFILES = "profiles.toml"
USER = "sparc"
ENVIRONMENT_FIELDS = slice(47, 49)  # env_start and env_end in /proc/self/stat, after the name in parentheses


def secret_paths(home: Path) -> tuple[Path, ...]:
    """What foreign programs must not read: this home's secrets, and where the user keeps those of other servers."""
    own = Path(os.environ.get("PREFECT_HOME") or "~/.prefect")
    profiles = Path(os.environ.get("PREFECT_PROFILES_PATH") or own / PROFILES)
    elsewhere = (path.expanduser() for path in (own, profiles))
    return (home / FOLDER, *(path for path in elsewhere if path.exists()))


def auth_of(home: Path) -> str | None:
    """`<user>:<password>` of the home's server; None when there is none yet, or it cannot be read."""
    try:
        profiles = tomllib.loads((home / FOLDER / PROFILES).read_text())
        found = profiles["profiles"][USER]["PREFECT_SERVER_API_AUTH_STRING"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and found.startswith(f"{USER}:") else None


def renew_auth(home: Path, url: str) -> str:
    """Write the profile that the server, and `prefect` commands of the user, take their settings from; its password.

    The password stays the same while there is one: a browser and a worker that know it go on. Raises OSError.
    """
    auth = auth_of(home) or f"{USER}:{secrets.token_urlsafe(24)}"
    settings = {
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_API_URL": url,
    }
    lines = (f'active = "{USER}"\n', f"[profiles.{USER}]", *(f'{name} = "{value}"' for name, value in settings.items()))
    folder = home / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    write_atomically(folder / PROFILES, ("\n".join(lines) + "\n").encode(), mode=0o600)
    return auth


def hide_environment() -> None:
    """Blank what other processes see as our environment (`/proc/<pid>/environ`); Linux only, elsewhere nothing happens.

    The kernel shows the block with which the process was started, secrets of the user included, and a jailed agent of
    the same user can read it. Our own variables stay as they are: each is put elsewhere in memory first.
    """
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = (int(field) for field in fields[ENVIRONMENT_FIELDS])
    except (OSError, ValueError):
        return
    if not 0 < start < end:
        return
    for name, value in os.environb.items():
        os.putenv(name, value)
    ctypes.memset(start, 0, end - start)
