"""The options of the decorators and of the functions that they consist of."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ._clock import Clock, SystemClock
from ._hidden import Hidden
from ._requirements import (
    IDENTITY,
    WORKLOAD_TOKEN,
    has_methods,
    is_record,
    is_text,
    is_texts,
    is_workload_token,
    require,
)
from ._workload_access_token import StaticWorkloadAccessToken, WorkloadAccessTokenSource


def _require(options: Any, name: str, accepted: bool, description: str, *, optional: bool = False) -> None:
    missing = optional and getattr(options, name) is None
    require(missing or accepted, type(options).__name__, name, description)


def _check_agent(options: Any, operation: str) -> None:
    """:raises ConfigurationError: for an option that is not valid"""
    # First, so that a report of local variables shows no token.
    if isinstance(options.workload_identity_token, str) and options.workload_identity_token:
        source = StaticWorkloadAccessToken(options.workload_identity_token)
        object.__setattr__(options, "workload_identity_token", source)
    _require(options, "identity", has_methods(options.identity, operation), IDENTITY)
    token = is_workload_token(options.workload_identity_token)
    _require(options, "workload_identity_token", token, WORKLOAD_TOKEN)
    url = 'a non-empty string, such as "https://app.example/connected"'
    _require(options, "callback_url", is_text(options.callback_url), url, optional=True)


def _check_consent(options: Any) -> None:
    """:raises ConfigurationError: for an option that is not valid"""
    state = "a non-empty string, such as the state of the browser session"
    _require(options, "custom_state", is_text(options.custom_state), state, optional=True)
    function = "a function, such as lambda authorization_url: send(authorization_url)"
    _require(options, "on_auth_url", callable(options.on_auth_url), function, optional=True)
    timeout = isinstance(options.consent_timeout, (int, float)) and options.consent_timeout > 0
    _require(options, "consent_timeout", timeout, "more than 0 seconds, such as 600")
    clock = has_methods(options.clock, "now", "wait", "sleep")
    _require(options, "clock", clock, "an object with the methods now, wait, and sleep")


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

    _operation: ClassVar[str] = "get_resource_api_key"
    """A method of the client."""

    def __post_init__(self) -> None:
        """:raises ConfigurationError: for an option that is not valid"""
        _check_agent(self, self._operation)
        _require(self, "provider_name", is_text(self.provider_name), 'a non-empty string, such as "calendar"')


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

    _operation: ClassVar[str] = "get_resource_oauth2_token"

    def __post_init__(self) -> None:
        super().__post_init__()
        scopes = 'a collection of strings, such as ["calendar.read"]'
        _require(self, "scopes", is_texts(self.scopes), scopes)
        flows = ("USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE")
        _require(self, "auth_flow", self.auth_flow in flows, f"one of {', '.join(map(repr, flows))}")
        api = '"https://api.example"'
        for name in ("resources", "audiences"):
            listed = is_texts(getattr(self, name))
            _require(self, name, listed, f"a collection of strings, such as [{api}]", optional=True)
        server = is_text(self.resource_server_url)
        _require(self, "resource_server_url", server, f"a non-empty string, such as {api}", optional=True)
        parameters = 'a dictionary whose values are strings, such as {"prompt": "login"}'
        _require(self, "custom_parameters", is_record(self.custom_parameters), parameters, optional=True)
        event = has_methods(self.cancelled, "is_set", "wait")
        _require(self, "cancelled", event, "an event: threading.Event()", optional=True)
        _check_consent(self)


@dataclass(frozen=True, kw_only=True)
class GatewayClientOptions:
    """The agent that calls a gateway, and how it learns that its user must consent."""

    identity: Any
    """A client from `identity_client`, whose AWS credentials sign requests to a gateway with `AWS_IAM`."""
    workload_identity_token: WorkloadAccessTokenSource | str
    """The agent, and the user for whom it acts; see `from_gate` and `workload_access_tokens`."""
    user_token: str | None = None
    """The user token, for a gateway with `CUSTOM_JWT`. It takes the place of the signature. The options do not show it."""
    callback_url: str | None = None
    """Return URL of the application, as registered on the workload identity; by default, that of the target."""
    custom_state: str | None = field(default=None, repr=False)
    """Returns to the application as `state` in the return URL; see `complete_authorization`."""
    on_auth_url: Callable[[str], Awaitable[None] | None] | None = None
    """Receives the authorization URL for the user's browser. The request then waits for the consent. Without this
    function, the request raises ConsentRequiredError."""
    consent_timeout: float = 600
    """Seconds to wait for the consent, more than 0; an authorization URL is valid for 10 minutes."""
    clock: Clock = SystemClock()

    def __post_init__(self) -> None:
        """:raises ConfigurationError: for an option that is not valid"""
        token = self.user_token
        is_given = isinstance(token, Hidden) or is_text(token)
        if isinstance(token, str):
            object.__setattr__(self, "user_token", Hidden(token))
        del token
        _check_agent(self, "get_resource_oauth2_token")
        _require(self, "user_token", is_given, "the token of the user", optional=True)
        _check_consent(self)


def require_options(
    caller: str, options: Any, kind: type[ApiKeyOptions] | type[GatewayClientOptions] = AccessTokenOptions
) -> None:
    """:raises ConfigurationError: unless these are options"""
    require(isinstance(options, kind), caller, "options", f"options: {kind.__name__}(…)")
