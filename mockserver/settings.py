"""Every setting of the server, and the only reader of its environment."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

Progress = Literal["instant", "timed", "polls", "held"]
Words = Annotated[tuple[str, ...], NoDecode]
Paths = Annotated[tuple[Path, ...], NoDecode]


_PROXY = re.compile(r"http://([^@\s/]+@)?(\[[0-9A-Fa-f:]+\]|[^@\s/:]+)(:\d{1,5})?/?")
_SECRET = {"control_token", "proxy_beyond", "token_secret", "webhook_secret"}
PLANS = {"free": 5, "paid": 32}
"""How many jobs are processed at a time, by the name of the plan."""
STREAM_PLANS = {"free": 5, "paid": 100}
"""How many streams may begin in a minute, by the name of the plan."""


class SettingsError(ValueError):
    """A setting has a value that it cannot have; the message names the setting and its source's value."""


class SeedError(Exception):
    """The server cannot start as its seed folder wants; the message names the file, the request, and what is wrong."""


class Settings(BaseSettings):
    """What the server is told at start: flags win over ``MOCKSERVER_*`` variables, these over the TOML file."""

    model_config = SettingsConfigDict(env_prefix="MOCKSERVER_", env_ignore_empty=True, frozen=True, extra="forbid")

    config: Path | None = Field(None, description="TOML file with any of these settings.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(4747, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    tls: bool = Field(False, description="Serve HTTPS and WSS too, with certificates of a private CA.")
    tls_port: int = Field(4748, ge=0, le=65535, description="Port for HTTPS and WSS; 0 takes a free one.")
    tls_hosts: Words = Field(
        (),
        description="Names and addresses that the certificate is for, besides the usual ones and the vendors' hosts.",
    )
    tls_folder: Path | None = Field(
        None, description="Folder with the CA, as `ca.pem` and `ca.key`; default: `tls` in the data directory."
    )
    proxy_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of an HTTP proxy that leads the vendors' hosts here; 0 takes a free one. It needs `tls`.",
    )
    proxy_others: Literal["pass", "refuse"] = Field(
        "pass", description="What the proxy does with other hosts: pass them through, or refuse them."
    )
    proxy_beyond: str | None = Field(
        None, description="Another proxy, as `http://host:port`, by which other hosts are passed through."
    )
    public_url: str | None = Field(
        None, description="Base of the URLs in replies; default: the host that the request named."
    )
    data: Path | None = Field(
        None, description="Directory that keeps jobs and audio; default: a temporary one, removed at exit."
    )
    families: Words = Field((), description="APIs to serve: assemblyai, jobs; default: all.")
    keys: Words = Field(
        (),
        description="Accepted API keys; keys joined by a comma share a project. "
        "Default: any key that does not begin with 'invalid'.",
    )
    fixtures: Paths = Field((), description="Folders with fixtures, besides the ones that come along.")
    seed_folder: Path | None = Field(
        None, description="Folder with fixtures, and JSON files with requests that are made before the server is ready."
    )
    samples: bool = Field(True, description="Load the fixtures that come along.")
    reload: bool = Field(True, description="Load fixtures again when their files change.")
    seed: int = Field(0, description="Seed of ids, invented conversations and confidences.")
    speed: float = Field(1.0, ge=1e-6, le=1e6, description="How many seconds pass on the clock in a real one.")
    progress: Progress = Field(
        "instant", description="How jobs move on: instant, timed, polls (one state a GET), held."
    )
    queue_seconds: float = Field(1.0, ge=0, le=1e8, description="Time that a timed job is queued, in seconds.")
    processing_seconds: float | None = Field(
        None, ge=0, le=1e8, description="Time that a timed job is processed; default: a share of the audio."
    )
    processing_share: float | None = Field(
        None,
        ge=0,
        le=1e4,
        description="Processing time as a share of the audio's duration. "
        "Default: 0.2 with AssemblyAI, a sixth with the jobs API.",
    )
    concurrency: int | None = Field(
        None,
        ge=1,
        description="Jobs of one project that are processed at a time, for each API; `free` is 5, `paid` is 32, "
        "as with AssemblyAI. Default: 200 with AssemblyAI, and what the plan says with the jobs API.",
    )
    rate_limit: int = Field(20_000, ge=0, description="Requests a project may make in a window; 0: no limit.")
    rate_window: float = Field(300.0, gt=0, le=1e8, description="Length of that window in seconds.")
    remote_audio: Literal["pretend", "fetch"] = Field(
        "pretend", description="Remote audio URLs: pretend to have downloaded them, or really fetch them."
    )
    fetch_timeout: float = Field(30.0, gt=0, le=1e6, description="Seconds that one download may take.")
    fetch_bytes: int = Field(5_500_000_000, gt=0, description="Largest download in bytes.")
    fetch_redirects: int = Field(5, ge=0, le=100, description="Redirects that a download may follow.")
    allow_link_local: bool = Field(
        False, description="Downloads and webhooks may go to link-local addresses and those of clouds' metadata."
    )
    file_folders: Paths = Field((), description="Folders that file:// audio URLs may name.")
    upload_bytes: int = Field(5_500_000_000, gt=0, description="Largest upload in bytes.")
    body_bytes: int = Field(16 * 2**20, gt=0, description="Largest JSON request body in bytes.")
    unknown_params: Literal["accept", "reject"] = Field(
        "accept", description="What becomes of a request with a parameter that nobody knows."
    )
    quirks: Words = Field((), description="Where the real services differ from today's: see the page of each API.")
    region: Literal["us", "eu"] = Field("us", description="Region that requests are for if their host names none.")
    models: Paths = Field((), description="TOML files with language models, besides the ones that come along.")
    llm_plan: Literal["paid", "free", "none"] = Field(
        "paid", description="Plan of the accounts: which language models they may use, and how often."
    )
    llm_rate_limit: int | None = Field(
        None, ge=0, description="Chat requests to one model in 60 seconds; 0: no limit; default: the plan's."
    )
    understanding_rate_limit: int | None = Field(
        None, ge=0, description="Requests for speech understanding in 60 seconds; 0: no limit; default: the plan's."
    )
    sync_rate_limit: int = Field(0, ge=0, description="Requests to Sync STT in 60 seconds; 0: no limit.")
    llm_first_token: float = Field(
        0.0, ge=0, le=1e6, description="Seconds on the clock until a language model begins to answer."
    )
    llm_tokens_per_second: float = Field(
        0.0, ge=0, le=1e9, description="How fast a language model answers, on the clock; 0: at once."
    )
    fault_profile: str | None = Field(
        None, description="Faults that everybody gets: flaky, slow, outage, throttled, or one of your own."
    )
    fault_profiles: Paths = Field((), description="YAML files with fault profiles, besides the ones that come along.")
    quota_minutes: float | None = Field(
        None, ge=0, le=1e9, description="Minutes of audio in a calendar month, with the jobs API; default: no quota."
    )
    overage: bool = Field(True, description="Minutes beyond the quota can be bought, on plans that sell them.")
    queueing: bool = Field(True, description="Jobs beyond the plan's slots wait; otherwise they get 429.")
    submit_limit: int = Field(0, ge=0, description="Jobs of one project in a second, with the jobs API; 0: no limit.")
    retry_after: int | None = Field(
        None, ge=0, le=10**6, description="Retry-After of polls with the jobs API, in seconds; default: 10 to 15."
    )
    webhook_secret: str = Field(
        "whsec_mock", min_length=1, repr=False, description="Secret that signs the webhook calls of the jobs API."
    )
    strict: bool = Field(False, description="Chat requests that no fixture answers are refused.")
    webhook_timeout: float = Field(10.0, gt=0, le=600, description="Seconds that a webhook's receiver may take.")
    webhook_attempts: int = Field(
        10, ge=1, le=1000, description="How often a webhook call is attempted in all, with AssemblyAI."
    )
    webhook_pause: float = Field(
        10.0, ge=0, le=1e6, description="Seconds between two attempts, on the clock, with AssemblyAI."
    )
    control: Literal["on", "off"] = Field(
        "on", description="The control API under /_mock; health, and the CA's certificate, are always there."
    )
    control_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of the control API, which is then nowhere else; 0 takes a free one.",
    )
    control_token: str | None = Field(
        None,
        pattern=r"^[!-~]+$",
        repr=False,
        description="Secret that calls of the control API must carry; better in the environment than in a flag.",
    )
    ping_seconds: float = Field(
        20.0,
        ge=0,
        le=1e6,
        description="Seconds between two pings of a session, and for an answer to one; 0: none.",
    )
    stall_seconds: float = Field(
        30.0, gt=0, le=1e6, description="Seconds after which a session ends whose client does not read what it is sent."
    )
    journal: int = Field(10_000, ge=0, description="Requests that the journal keeps for each project.")
    journal_body_bytes: int = Field(
        8 * 2**10, ge=0, le=2**20, description="Bytes of every request and reply body that the journal keeps."
    )
    journal_bytes: int = Field(
        50_000_000, gt=0, le=2**53, description="Bytes of headers and bodies that the journal keeps for each project."
    )
    journal_sessions: int = Field(
        100,
        ge=0,
        le=10_000,
        description="Sessions that the journal keeps for each project, with their messages, "
        "in at most as many bytes as `journal_bytes` says.",
    )
    journal_secrets: bool = Field(False, description="Keep keys, tokens and passwords in the journal; default: masked.")
    log_format: Literal["text", "json"] = Field("text", description="Form of the log's lines.")
    log_requests: bool = Field(True, description="Log a line for every request.")
    plan: Literal["free", "pro", "business"] = Field("pro", description="Plan of the accounts of the jobs API.")
    token_limit: int = Field(300, ge=0, description="Times a key may be exchanged for tokens in 60 seconds; 0: any.")
    token_secret: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="Secret that the tokens of the jobs API are signed with; default: one that follows from the seed.",
    )

    stream_rate_limit: int = Field(
        0,
        ge=0,
        description="Streams of one project that may begin in a minute, with AssemblyAI; `free` is 5, `paid` is 100; "
        "0: no limit.",
    )
    stream_concurrency: int = Field(
        0, ge=0, description="Streams of one project that may be open at a time, with AssemblyAI; 0: no limit."
    )

    @field_validator("stream_rate_limit", mode="before")
    @classmethod
    def _stream_plan(cls, value: object) -> object:
        return STREAM_PLANS.get(value, value) if isinstance(value, str) else value

    @field_validator("concurrency", mode="before")
    @classmethod
    def _plan(cls, value: object) -> object:
        return PLANS.get(value, value) if isinstance(value, str) else value

    @field_validator("proxy_port")
    @classmethod
    def _with_tls(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and not info.data.get("tls"):
            raise ValueError("a proxy needs HTTPS: the setting tls")
        return value

    @field_validator("proxy_beyond")
    @classmethod
    def _proxy(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(
            r"http://([^@\s/]+@)?(\[[0-9A-Fa-f:]+\]|[^@\s/:]+)(:\d{1,5})?/?", value
        ):
            raise ValueError("must be http://host:port")
        return value

    @field_validator("families", "tls_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("quirks", mode="before")
    @classmethod
    def _switched_on(cls, value: object) -> object:
        if isinstance(value, dict):
            return tuple(name for name, on in value.items() if on)
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("keys", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("fixtures", "file_folders", "models", "fault_profiles", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        return tuple(filter(None, value.split(os.pathsep))) if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _no_slash_at_end(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/") if value else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: flags, environment, TOML file."""
        file = init_settings().get("config") or env_settings().get("config")
        if file is None:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=Path(file))

    @property
    def own_fixtures(self) -> tuple[Path, ...]:
        """Return the folders with fixtures besides the ones that come along."""
        return self.fixtures if self.seed_folder is None else (*self.fixtures, self.seed_folder)

    @classmethod
    def unknown_variables(cls) -> list[str]:
        """Return the ``MOCKSERVER_*`` variables in the environment that are no setting: mistyped, or not for us."""
        known = {f"MOCKSERVER_{name.upper()}" for name in cls.model_fields} | {
            "MOCKSERVER_URL",
            "MOCKSERVER_HTTPS_URL",
        }  # for clients
        return sorted(name for name in os.environ if name.startswith("MOCKSERVER_") and name not in known)

    @classmethod
    def load(cls, **flags: Any) -> Settings:
        """Read the settings; a flag of None is one that was not given.

        Raises SettingsError naming every setting that is wrong.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        file = given.get("config") or os.environ.get("MOCKSERVER_CONFIG")
        if file is not None and not Path(file).is_file():
            raise SettingsError(f"config: there is no file {file}")
        try:
            return cls(**given)
        except ValidationError as error:
            raise SettingsError("\n".join(map(_problem, error.errors()))) from None
        except ValueError as error:
            raise SettingsError(f"{file or 'environment'}: {error}") from None


def _problem(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting"
    return f"{name}: {error['msg']}" + ("" if name in _SECRET else f" (got {error['input']!r})")
