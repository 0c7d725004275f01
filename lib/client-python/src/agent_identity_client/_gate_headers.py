"""The headers of the request by which the gate invokes an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypedDict, cast

from ._errors import WorkloadAccessTokenError
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


def _headers_of(request: Mapping[str, str] | McpRequest) -> Mapping[str, str]:
    if isinstance(request, Mapping):
        return request
    http = getattr(request.request_context, "request", None)
    return cast("Mapping[str, str]", getattr(http, "headers", None) or {})


def from_gate(request: Mapping[str, str] | McpRequest) -> GateOptions:
    """Returns the options that the gate sends with each invocation.

    :param request: the headers of the request that invoked the agent, or the context that an MCP server passes to a
        tool
    :raises WorkloadAccessTokenError: when the request has no token, because it did not come through a gate
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
