"""How foreign programs are kept from the machine."""

from typing import Literal

Isolation = Literal["landlock", "bubblewrap", "none"]
"""`landlock`: by the kernel, without root. `bubblewrap`: by that program. `none`: not at all, and announced as such."""
