"""What an operator can change about each connector: the same variables for all of them."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from enrich_stream.providers.client.rates import parse_limits


def _sendable(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must be visible ASCII characters without spaces")
    return key


def _without_password(url: HttpUrl) -> HttpUrl:
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user or password; a key has a variable of its own")
    return url


def _limits(text: str) -> str:
    parse_limits(text)
    return text


class ConnectorSettings(BaseModel):
    """One connector's part of the settings; in the environment after ``ENRICH_<NAME>_``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool | None = Field(
        default=None, description="Whether it is asked; empty: when it has a key."
    )
    key: Annotated[SecretStr, AfterValidator(_sendable)] | None = Field(
        default=None, description="Its API key or token."
    )
    base_url: Annotated[HttpUrl, AfterValidator(_without_password)] | None = Field(
        default=None, description="Where its API is; empty takes its own address."
    )
    timeout_seconds: float = Field(default=10.0, gt=0, description="How long one call may take.")
    concurrency: int = Field(
        default=20, ge=1, description="Calls of one worker under way at once, to each endpoint."
    )
    limits: Annotated[str, AfterValidator(_limits)] = Field(
        default="",
        description="How often it may be called, like `15/s 500/min, verifier: 10/s`;"
        " empty takes what it documents.",
    )

    @property
    def secret(self) -> str:
        """The key in clear; empty when there is none."""
        return self.key.get_secret_value() if self.key else ""

    @property
    def is_wanted(self) -> bool:
        """Whether the operator wants it asked, by switch or by giving it a key."""
        return bool(self.secret) if self.enabled is None else self.enabled
