"""Settings: environment variables with the prefix CAMPAIGNS_, and a .env file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that differs between one installation and another.

    With nothing configured every channel goes to the sandbox on loopback and nothing can reach a
    real customer. Going live is one explicit setting: CAMPAIGNS_LIVE=true.
    """

    model_config = SettingsConfigDict(env_prefix="CAMPAIGNS_", env_file=".env", extra="ignore")

    home: Path = Field(Path(".campaigns"), description="where the local database and reports live")
    templates: Path = Field(Path("templates"), description="brand, layouts and campaigns")
    database_url: str = Field("", description="empty: SQLite in home; or postgresql://…")
    live: bool = Field(False, description="true sends to real customers; false to the sandbox")
    sandbox_url: HttpUrl = Field(
        HttpUrl("http://127.0.0.1:8025"), description="the sandbox, on loopback"
    )
    public_url: HttpUrl = Field(
        HttpUrl("https://news.example.com"),
        description="where the pages for customers (unsubscribe, preferences) answer",
    )
    link_secret: SecretStr = Field(
        SecretStr(""), description="signs links to customers; empty: made once, kept in home"
    )
    sendgrid_api_key: SecretStr = SecretStr("")
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    x_consumer_key: SecretStr = SecretStr("")
    x_consumer_secret: SecretStr = SecretStr("")
    x_access_token: SecretStr = SecretStr("")
    x_access_token_secret: SecretStr = SecretStr("")
    shard_size: int = Field(20_000, ge=100, description="customers per shard")
    workers: int = Field(0, ge=0, description="worker processes; 0: one per core")
    lease_seconds: int = Field(120, ge=10, description="how long a claim lasts")
