"""What the caller's environment sets; read once, at the edge, and passed down."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`SPARC_*` variables."""

    model_config = SettingsConfigDict(env_prefix="SPARC_", env_ignore_empty=True, frozen=True)

    home: Path = Field(default_factory=lambda: Path.home() / ".sparc")
    """Where runs, environments, memory and the local server live."""
    memory: str = "local-file-system/sparc-memory"
    """The Prefect storage block that holds memory, as `<block type>/<name>`."""

    @property
    def root(self) -> Path:
        """`home`, absolute."""
        return self.home.expanduser().absolute()
