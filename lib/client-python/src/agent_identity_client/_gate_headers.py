"""The headers of the request by which the gate invokes an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypedDict

from ._errors import WorkloadAccessTokenError
from ._requirements import has_methods, require
from ._workload_access_token import StaticWorkloadAccessToken


class GateOptions(TypedDict):
    """Options to unpack into `AccessTokenOptions`."""

    workload_identity_token: StaticWorkloadAccessToken
    callback_url: str | None


class McpRequest(Protocol):
    """The context that an MCP server passes to a tool."""

    @property
    def request_context(self) -> Any:
        """Has the HTTP request as `request`, if the transport is HTTP."""


class HttpRequest(Protocol):
    """The request of a web framework."""

    @property
    def headers(self) -> Any:
        """Has `items`."""


def _headers_of(request: Any) -> Any:
    """Returns what has the headers as `items`. The classes of headers of some frameworks are no mappings."""
    is_context = hasattr(request, "request_context")
    if is_context:
        request = getattr(request.request_context, "request", None)
    headers = getattr(request, "headers", None)
    if has_methods(headers, "items"):
        return headers
    accepted = is_context or has_methods(request, "items")
    require(accepted, "from_gate", "request", "the headers of the request that invoked the agent, or the request")
    return {} if is_context else request


def from_gate(request: Mapping[str, str] | McpRequest | HttpRequest) -> GateOptions:
    """Returns the options that the gate sends with each invocation.

    :param request: the headers of the request that invoked the agent, the request itself, or the context that an MCP
        server passes to a tool
    :raises WorkloadAccessTokenError: when the request has no token, because it did not come through a gate
    :raises ConfigurationError: for any other value
    """
    headers = _headers_of(request)
    named = {name.lower(): value for name, value in headers.items()}
    token = named.get("workloadaccesstoken")
    if not token:
        raise WorkloadAccessTokenError(
            "The request has no WorkloadAccessToken header. Invoke the agent through its gate, or use "
            "`workload_access_tokens`."
        )
    return {
        "workload_identity_token": StaticWorkloadAccessToken(token),
        "callback_url": named.get("oauth2callbackurl"),
    }
