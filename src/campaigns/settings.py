"""Settings: environment variables with the prefix CAMPAIGNS_, and a .env file."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from campaigns.domain.mode import Mode
from campaigns.errors import WHAT_TO_WRITE, ConfigurationError

_PREFIX: Final = "CAMPAIGNS_"
_ENCODING: Final = "utf-8-sig"  # as Windows' Notepad saves it: else the first name would be lost
#: How near (difflib) a name must be to a setting's to be it, misspelt: LIFE, DB_URL, TWILIO_SID.
_MISSPELT: Final = 0.7
_CLUSTER: Final = re.compile(r"(dask|ray)(:.+)?")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Everything that differs between one installation and another.

    With nothing configured every channel goes to the sandbox on loopback and nothing can reach a
    real customer. Going live is one explicit setting: CAMPAIGNS_LIVE=true.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", env_file_encoding=_ENCODING, extra="ignore"
    )

    home: Path = Field(Path(".campaigns"), description="where the local database and reports live")
    templates: Path = Field(Path("templates"), description="brand, layouts and campaigns")
    database_url: str = Field("", description="empty: SQLite in home; or postgresql://…")
    live: bool = Field(False, description="true sends to real customers; false to the sandbox")
    sandbox_url: HttpUrl = Field(
        HttpUrl("http://127.0.0.1:8025"), description="the sandbox, on loopback"
    )
    sandbox_quiet_hours: bool = Field(
        True, description="false: practise at any hour; quiet hours are not heeded in the sandbox"
    )
    public_url: HttpUrl = Field(
        HttpUrl("https://news.example.com"),
        description="where the pages for customers (unsubscribe, preferences) answer",
    )
    link_secret: SecretStr = Field(
        SecretStr(""), description="signs links to customers; empty: made once, kept in home"
    )
    link_secrets_before: SecretStr = Field(
        SecretStr(""),
        description="earlier link secrets, newest first, commas: links signed with them still work",
    )
    web_host: str = Field("127.0.0.1", description="where `campaigns serve` listens")
    web_port: int = Field(8027, ge=0, le=65535, description="and its port")
    web_proxies: str = Field(
        "", description="addresses of your proxies, whose X-Forwarded-For is believed; commas"
    )
    desk_secret: SecretStr = Field(
        SecretStr(""), description="lets staff in where `campaigns desk` is not on this machine"
    )
    sendgrid_webhook_key: str = Field(
        "", description="verification key of SendGrid's signed event webhook (public, base64)"
    )
    email_provider: Literal["sendgrid", "smtp"] = Field(
        "sendgrid", description="what e-mail goes through"
    )
    sendgrid_api_key: SecretStr = SecretStr("")
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:587 or smtps://…; while not live: on this machine, "
        "and empty is the sandbox's, on the port after sandbox_url's",
    )
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_webhook_secret: SecretStr = Field(
        SecretStr(""), description="SharedKey secret, where Twilio signs with HMAC-SHA256"
    )
    x_consumer_key: SecretStr = SecretStr("")
    x_consumer_secret: SecretStr = SecretStr("")
    x_access_token: SecretStr = SecretStr("")
    x_access_token_secret: SecretStr = SecretStr("")
    shard_size: int = Field(20_000, ge=100, description="customers per shard")
    workers: int = Field(0, ge=0, description="worker processes; 0: one per core")
    lanes: int = Field(
        4, ge=1, le=32, description="requests under way at once in each worker process"
    )
    helpers: int = Field(
        0, ge=0, le=64, description="further machines that send each run with its own (Prefect)"
    )
    cluster: str = Field(
        "",
        description="shards are sent by the workers of this cluster: dask:tcp://…, ray:ray://…",
    )
    lease_seconds: int = Field(
        120, ge=60, description="how long a claim lasts; longer than any provider's deadline"
    )

    notify: str = Field(
        "",
        description="notification blocks of Prefect's for alerts, with commas: `campaigns deploy`",
    )
    log: Literal["off", "warning", "info", "debug"] = Field(
        "off", description="structured log lines on standard error, from this level"
    )
    log_format: Literal["human", "json"] = Field("human", description="for people or programs")

    @field_validator("home", "templates", mode="before")
    @classmethod
    def _a_folder_has_a_name(cls, folder: object) -> object:
        if folder == "":  # would be the folder that one happens to be in
            raise ValueError("write a folder, or leave the variable out")
        return folder

    @field_validator("web_proxies")
    @classmethod
    def _proxies_are_addresses(cls, proxies: str) -> str:
        for one in filter(None, (part.strip() for part in proxies.split(","))):
            try:
                one == "*" or ipaddress.ip_network(one)
            except ValueError:
                raise ValueError(
                    f"`{one}` is no address; write 10.0.0.7, 10.0.0.0/24, or * for whoever asks"
                ) from None
        return proxies

    @field_validator("cluster")
    @classmethod
    def _a_cluster_is_named_with_its_kind(cls, cluster: str) -> str:
        if cluster and not _CLUSTER.fullmatch(cluster):
            raise ValueError(
                "write dask or ray, with its address where it runs already, such as "
                "dask:tcp://scheduler:8786, or leave it empty"
            )
        return cluster

    @model_validator(mode="after")
    def _the_sandbox_is_on_this_machine(self) -> Self:
        host = (self.sandbox_url.host or "").strip("[]")
        if not _is_loopback(host):
            raise ValueError(
                "CAMPAIGNS_SANDBOX_URL must be on this machine, such as http://127.0.0.1:8025"
            )
        return self

    @model_validator(mode="after")
    def _links_are_safe(self) -> Self:
        # RFC 8058 asks for it, and every e-mail with another link would be refused one by one.
        if self.public_url.scheme != "https":
            raise ValueError(
                "CAMPAIGNS_PUBLIC_URL must begin with https://, such as https://news.example.com; "
                "`campaigns serve` itself may listen without TLS behind a proxy"
            )
        return self

    @model_validator(mode="after")
    def _mail_stays_here_unless_live(self) -> Self:
        host = urlsplit(self.smtp_url.get_secret_value()).hostname
        if not self.live and host and not _is_loopback(host):
            raise ValueError(
                "CAMPAIGNS_SMTP_URL must be on this machine until CAMPAIGNS_LIVE=true, such as "
                "smtp://127.0.0.1:8026"
            )
        return self

    def revealed(self) -> dict[str, object]:
        """Every value in plain, to hand to a worker process of ours; never log or store it."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self
        }

    @property
    def mode(self) -> Mode:
        """Whom messages reach."""
        return Mode.LIVE if self.live else Mode.SANDBOX

    @property
    def heeds_quiet_hours(self) -> bool:
        """Always, but in a sandbox that is told to practise at any hour."""
        return self.live or self.sandbox_quiet_hours

    @property
    def worker_count(self) -> int:
        """Worker processes: as set, or one per core."""
        return self.workers or os.cpu_count() or 1


def load_settings() -> Settings:
    """Settings from the environment. Raises ConfigurationError naming each wrong variable."""
    _refuse_misspelt()
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(
            _told(e["loc"], WHAT_TO_WRITE.get(e["type"], e["msg"]), e["input"])
            for e in error.errors()
        )
        raise ConfigurationError(f"wrong settings: {told}") from None


def unread_names() -> list[str]:
    """Variables that look like settings and are none: nobody reads them."""
    names = {name.upper() for name in (*os.environ, *_env_file())}
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(n for n in names - known if n.startswith(_PREFIX))


def _refuse_misspelt() -> None:
    """A setting that is not read may be the one that keeps messages in the sandbox.

    Only what is near a setting's name: others may have variables that begin like ours, Kubernetes
    among them, which gives every pod a CAMPAIGNS_SERVICE_HOST for a service called `campaigns`.
    """
    known = [name.upper() for name in Settings.model_fields]
    told = []
    for name in unread_names():
        short = name.removeprefix(_PREFIX)
        if get_close_matches(short, known, 1, cutoff=_MISSPELT):
            near = [_PREFIX + n for n in get_close_matches(short, known, 2)]
            told.append(f"{name} is no setting; did you mean {' or '.join(near)}?")
    if told:
        raise ConfigurationError(f"wrong settings: {' '.join(told)}")


def _env_file() -> Iterator[str]:
    """The names in .env. Raises ConfigurationError for a line that would be left out."""
    path = Path(".env")
    if not path.is_file():
        return
    try:
        text = path.read_text(encoding=_ENCODING)
    except UnicodeDecodeError:
        raise ConfigurationError(".env cannot be read: save it as UTF-8.") from None
    for line in parse_stream(StringIO(text)):
        if line.error:
            raise ConfigurationError(f".env:{line.original.line}: write NAME=value.")
        if line.key is not None:
            yield line.key


def _told(place: tuple[int | str, ...], message: str, found: object) -> str:
    message = message.removeprefix("Value error, ")
    if not place:  # about several: what was found is all settings, keys among them
        return message
    name = str(place[0])
    shown = "" if Settings.model_fields[name].annotation is SecretStr else f" (found {found!r})"
    return f"CAMPAIGNS_{name.upper()}: {message}{shown}"
