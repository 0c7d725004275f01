"""The options of the decorators and of the functions that they consist of."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from ._clock import Clock, SystemClock
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

    def _require(self, name: str, accepted: bool, description: str, *, optional: bool = False) -> None:
        missing = optional and getattr(self, name) is None
        require(missing or accepted, type(self).__name__, name, description)

    def __post_init__(self) -> None:
        """:raises ConfigurationError: for an option that is not valid"""
        # First, so that a report of local variables shows no token.
        if isinstance(self.workload_identity_token, str) and self.workload_identity_token:
            source = StaticWorkloadAccessToken(self.workload_identity_token)
            object.__setattr__(self, "workload_identity_token", source)
        self._require("identity", has_methods(self.identity, self._operation), IDENTITY)
        token = is_workload_token(self.workload_identity_token)
        self._require("workload_identity_token", token, WORKLOAD_TOKEN)
        self._require("provider_name", is_text(self.provider_name), 'a non-empty string, such as "calendar"')
        url = 'a non-empty string, such as "https://app.example/connected"'
        self._require("callback_url", is_text(self.callback_url), url, optional=True)


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
        self._require("scopes", is_texts(self.scopes), scopes)
        flows = ("USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE")
        self._require("auth_flow", self.auth_flow in flows, f"one of {', '.join(map(repr, flows))}")
        api = '"https://api.example"'
        for name in ("resources", "audiences"):
            listed = is_texts(getattr(self, name))
            self._require(name, listed, f"a collection of strings, such as [{api}]", optional=True)
        server = is_text(self.resource_server_url)
        self._require("resource_server_url", server, f"a non-empty string, such as {api}", optional=True)
        state = "a non-empty string, such as the state of the browser session"
        self._require("custom_state", is_text(self.custom_state), state, optional=True)
        parameters = 'a dictionary whose values are strings, such as {"prompt": "login"}'
        self._require("custom_parameters", is_record(self.custom_parameters), parameters, optional=True)
        function = "a function, such as lambda authorization_url: send(authorization_url)"
        self._require("on_auth_url", callable(self.on_auth_url), function, optional=True)
        timeout = isinstance(self.consent_timeout, (int, float)) and self.consent_timeout > 0
        self._require("consent_timeout", timeout, "more than 0 seconds, such as 600")
        event = has_methods(self.cancelled, "is_set", "wait")
        self._require("cancelled", event, "an event: threading.Event()", optional=True)
        clock = has_methods(self.clock, "now", "wait", "sleep")
        self._require("clock", clock, "an object with the methods now, wait, and sleep")


def require_options(caller: str, options: Any, kind: type[ApiKeyOptions] = AccessTokenOptions) -> None:
    """:raises ConfigurationError: unless these are options"""
    require(isinstance(options, kind), caller, "options", f"options: {kind.__name__}(…)")
