"""Every setting, parsed once from the environment (`SUYUAN_…`). docs/operations.md documents them; a test compares."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a node is told. Keys and passwords are never settings: they lie in files in the data folder."""

    model_config = SettingsConfigDict(env_prefix="SUYUAN_", extra="ignore", frozen=True)

    data: Path = Field(Path("data"), description="Folder of everything that lasts: database, chain, keys.")
    host: str = Field("127.0.0.1", description="Address that the site listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the site listens on.")
    workers: int = Field(1, ge=1, le=64, description="Worker processes that serve the site.")
    public_url: str = Field(
        "", description="The site's address as readers see it, in QR codes and links; by default host and port."
    )
    database_url: str = Field("", description="PostgreSQL URL; by default the embedded server in the data folder.")
    chain_url: str = Field("", description="JSON-RPC URL; by default the embedded chain in the data folder.")
    chain_poll_seconds: float = Field(
        1.0,
        gt=0,
        description="How old what is known of the registries may be when a record is taken, and of a fault on pages.",
    )
    confirmations: int = Field(1, ge=1, description="Blocks, its own among them, after which a seal counts.")
    stuck_seconds: float = Field(
        60.0, gt=0, description="How long a transaction may wait before it is replaced at a higher fee."
    )
    seal_seconds: float = Field(5.0, gt=0, description="The longest that an accepted entry waits to be sealed.")
    seal_entries: int = Field(
        100_000, ge=1, le=2**24, description="How many waiting entries are sealed without waiting longer."
    )
    promise_seconds: int = Field(
        86_400, ge=60, le=30 * 86_400, description="A receipt promises a seal within this time."
    )
    rights_seconds: float = Field(
        600.0, ge=0, description="How long the oldest right to review waits to be published together with others."
    )
    city_header: str = Field(
        "",
        description="Header in which your own proxy names the city of who scans; empty: nothing is kept of scans.",
    )
    witnesses: str = Field(
        "",
        description="Policy file (C2SP tlog-policy) that names the witnesses to ask for cosignatures; empty: none.",
    )
    body_limit: int = Field(16 * 2**20, ge=1024, description="The largest request body, in bytes.")

    @property
    def url(self) -> str:
        """The site's address, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
