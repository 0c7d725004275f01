"""An MCP client whose requests have an access token of this service."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ._authorization import Authorization, check_address
from ._consent import run_steps_async, steps_to_token
from ._errors import McpRedirectError
from ._gateway_client import GatewayAuthorization
from ._options import AccessTokenOptions, GatewayClientOptions, require_options

_MAX_REPLACEMENTS, _MAX_STEP_UPS = 5, 3
"""Replacements of rejected tokens, and requests for more scopes, for each connection: each is work for the authorization
server or for the user, and the server of the connection decides how often it is needed."""


def _contains(error: BaseException, part: BaseException | None) -> bool:
    if part is None:
        return False
    return error is part or any(_contains(inner, part) for inner in getattr(error, "exceptions", ()))


_CLOSED_STREAM = {"BrokenResourceError", "ClosedResourceError", "EndOfStream"}
"""Errors of anyio, which `mcp` uses."""


def _is_closed_stream(error: BaseException) -> bool:
    """Whether the connection was closed, and nothing else happened: `mcp` can report a failed request only like this."""
    inner = getattr(error, "exceptions", ())
    return all(map(_is_closed_stream, inner)) if inner else type(error).__name__ in _CLOSED_STREAM


@asynccontextmanager
async def _connected(
    url: str, authorization: Authorization | GatewayAuthorization, client_options: dict[str, Any]
) -> AsyncIterator[Any]:
    version_1 = importlib.metadata.version("mcp").startswith("1.")
    http = importlib.import_module("httpx" if version_1 else "httpx2")
    connect = importlib.import_module("mcp.client.streamable_http").streamable_http_client
    mcp = importlib.import_module("mcp")
    async with authorization.client(http, url, timeout=http.Timeout(30, read=300)) as session:
        if not version_1:
            async with mcp.Client(connect(url, http_client=session), **client_options) as client:
                yield client
            return
        async with connect(url, http_client=session) as (reader, writer, _):
            async with mcp.ClientSession(reader, writer, **client_options) as client:
                await client.initialize()
                yield client


@asynccontextmanager
async def connect_mcp(
    url: str,
    options: AccessTokenOptions | GatewayClientOptions,
    *,
    step_up: bool | None = None,
    **client_options: Any,
) -> AsyncIterator[Any]:
    """Connects an MCP client to a server that requires OAuth, with `mcp` 1.x or 2.x.

    With GatewayClientOptions, the server is a target of a gateway, which attaches the credential: no access token reaches
    the agent. The requests are those of `gateway_client`, and `step_up` does not apply.

    With AccessTokenOptions, each HTTP request gets its access token from the token vault, so a suspension or a revocation
    applies to the next request.

    - A token that is bound to a key (DPoP, RFC 9449) is sent with a proof for each request.
    - When the server responds with 401, the token is reported and replaced, once for each request.
    - When it responds with 403 and `insufficient_scope` (RFC 6750 section 3.1), a token with the union of the scopes is
      requested, once for each request.
    - When the user must consent, `on_auth_url` receives the URL and the request waits. Without `on_auth_url`, a
      ConsentRequiredError ends the connection.
    - On one connection, up to 5 tokens are replaced and more scopes are requested up to 3 times. Then the response goes
      to `mcp`.
    - The token is sent to the origin of the URL only. Redirects are not followed. The service rejects the request for a
      token if the credential provider is for another server.

    :param url: of the server: https, or http on loopback, to which proxies of the environment (HTTP_PROXY) do not apply
    :param options: `force_authentication` and `resource_server_url` do not apply
    :param step_up: whether to request the scopes that the server names in a 403 response; by default only for
        USER_FEDERATION, where the user sees them
    :param client_options: of `mcp.Client` (2.x) or `mcp.ClientSession` (1.x)
    :returns: a context manager with the connected client
    :raises ConfigurationError: for an address to which a token must not be sent
    :raises: McpRedirectError, ReplacementTokenRejectedError, the errors of `get_access_token` and of `mcp`
    """
    check_address(url, "MCP server")
    if isinstance(options, GatewayClientOptions):
        # The URL is {gateway_url}/{target}.
        gateway = GatewayAuthorization(url.rstrip("/").rpartition("/")[0], options)
        async with _failing_as(gateway), _connected(url, gateway, client_options) as client:
            yield client
        return
    require_options("connect_mcp", options)
    options = dataclasses.replace(options, force_authentication=False, resource_server_url=url)
    # Before the first request, whose errors end the connection.
    await run_steps_async(steps_to_token(options))
    by_default = options.auth_flow == "USER_FEDERATION"
    authorization = Authorization(
        url,
        options,
        replacements=_MAX_REPLACEMENTS,
        step_ups=_MAX_STEP_UPS if (by_default if step_up is None else step_up) else 0,
        redirected=McpRedirectError,
    )
    async with _failing_as(authorization), _connected(url, authorization, client_options) as client:
        yield client


@asynccontextmanager
async def _failing_as(authorization: Authorization | GatewayAuthorization) -> AsyncIterator[None]:
    """Raises the error of a request, which `mcp` reports as a part of another."""
    try:
        yield
    except BaseException as error:
        failure = authorization.failure
        if failure is not None and (_contains(error, failure) or _is_closed_stream(error)):
            raise failure from failure.__cause__
        raise
