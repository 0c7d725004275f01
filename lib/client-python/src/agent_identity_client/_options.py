"""The options of the decorators and of the functions that they consist of."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ._clock import Clock, SystemClock
from ._errors import ConfigurationError
from ._workload_access_token import StaticWorkloadAccessToken, WorkloadAccessTokenSource


@dataclass(frozen=True, kw_only=True)
class ApiKeyOptions:
    """Which key. The workload access token can be with or without a user: the key belongs to the agent."""

    identity: Any
    """A client from `identity_client`."""
    workload_identity_token: WorkloadAccessTokenSource | str
    """The agent, and the user for whom it acts; see `from_gate` and `workload_access_tokens`. A plain token becomes a
    source that does not show it."""
    provider_name: str
    """Name of the credential provider."""
    callback_url: str | None = None
    """Return URL of the application, as registered on the workload identity. USER_FEDERATION requires it, API keys do
    not use it. `from_gate` sets it to the gate's return URL."""

    def __post_init__(self) -> None:
        if isinstance(self.workload_identity_token, str):
            source = StaticWorkloadAccessToken(self.workload_identity_token)
            object.__setattr__(self, "workload_identity_token", source)


@dataclass(frozen=True, kw_only=True)
class AccessTokenOptions(ApiKeyOptions):
    """Which token. The names are those of the AWS Python SDK for AgentCore; docs/api.md has lengths and patterns."""

    scopes: Sequence[str]
    auth_flow: Literal["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"]
    """For the user by consent, for the agent itself, or in exchange for the user token."""
    resources: Sequence[str] | None = None
    """RFC 8707."""
    audiences: Sequence[str] | None = None
    resource_server_url: str | None = None
    """URL of the server that the token is going to be sent to. The service rejects the request if the credential provider
    is for another resource, such as another MCP server. `connect_mcp` sets it."""
    custom_state: str | None = field(default=None, repr=False)
    """Returns to the application as `state` in the return URL; see `complete_authorization`."""
    custom_parameters: Mapping[str, str] | None = field(default=None, repr=False)
    """Additional parameters of the authorization request."""
    force_authentication: bool = False
    """Deletes the stored grant and asks the user to consent again, once for each call of the tool."""
    on_auth_url: Callable[[str], Awaitable[None] | None] | None = None
    """Receives the authorization URL for the user's browser. The call then waits for the consent. Without this
    function, the call raises ConsentRequiredError. For an `async` tool it can be `async`, and runs in its event loop."""
    consent_timeout: float = 600
    """Seconds to wait for the consent, more than 0; an authorization URL is valid for 10 minutes."""
    cancelled: threading.Event | None = None
    """Ends the waiting when it is set. The task of an `async` tool can simply be canceled."""
    clock: Clock = SystemClock()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.consent_timeout > 0:
            raise ConfigurationError("`consent_timeout` must be more than 0 seconds.")


def list_of(name: str, values: Iterable[str]) -> list[str]:
    """Returns the values of a list. A string is iterable too, and would be taken for a list of its characters.

    :param name: of the option
    :raises ConfigurationError: for a string
    """
    if isinstance(values, (str, bytes)):
        del values
        raise ConfigurationError(
            f"`{name}` must be a collection of strings, not a string. Put the string into a list."
        )
    return list(values)
