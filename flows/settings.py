"""What the caller's environment sets; read once, at the edge, and passed down."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.errors import Refused


class Settings(BaseSettings):
    """`SPARC_*` variables."""

    model_config = SettingsConfigDict(env_prefix="SPARC_", env_ignore_empty=True, frozen=True)

    home: Path = Path("~/.sparc")
    """Where runs, environments, memory and the local server live."""
    memory: str = "local-file-system/sparc-memory"
    """The Prefect storage block that holds memory, as `<block type>/<name>`."""

    @property
    def root(self) -> Path:
        """`home`, absolute. Raises Refused for the home of nobody."""
        try:
            return self.home.expanduser().absolute()
        except RuntimeError as problem:
            raise Refused(f"SPARC_HOME={self.home}: {problem} Name a directory by its absolute path") from problem
