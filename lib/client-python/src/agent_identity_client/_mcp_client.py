"""An MCP client whose requests have an access token of this service."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from ._consent import run_steps_async, steps_to_replacement, steps_to_token
from ._errors import (
    AccessTokenRejectedError,
    ConfigurationError,
    McpRedirectError,
    ReplacementTokenRejectedError,
)
from ._hidden import Hidden
from ._identity_client import is_secure, split_url
from ._options import AccessTokenOptions

_PARAMETER = re.compile(
    r"""([a-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))""", re.IGNORECASE
)
"""RFC 9110 section 11.2: a token, and a value that is a token or a quoted string."""
_BEARER = re.compile(r"\bBearer\s+(.*)$", re.IGNORECASE | re.DOTALL)
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
"""RFC 6749 section 3.3."""
_MAX_SCOPES, _MAX_CHALLENGE = 100, 8192


def missing_scopes(status: int, challenge: str, requested: Iterable[str]) -> list[str]:
    """Returns the scopes that the server requires and the token was not requested for.

    :param challenge: the value of `WWW-Authenticate` (RFC 6750 section 3)
    :returns: no scopes if this is no challenge for scopes, or a retry with its scopes could not help
    """
    bearer = _BEARER.search(challenge) if status == 403 and len(challenge) <= _MAX_CHALLENGE else None
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(bearer[1] if bearer else ""):
        # A repeated parameter belongs to another challenge.
        parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
    if parameters.get("error") != "insufficient_scope":
        return []
    scopes = parameters.get("scope", "").split()
    if len(scopes) > _MAX_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        return []
    known = set(requested)
    return [scope for scope in dict.fromkeys(scopes) if scope not in known]


_Origin = tuple[str, str, int | None]


def _origin(url: str) -> _Origin:
    parts = split_url(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


_MAX_REPLACEMENTS, _MAX_STEP_UPS = 5, 3
"""Replacements of rejected tokens, and requests for more scopes, for each connection: each is work for the authorization
server or for the user, and the server of the connection decides how often it is needed."""


class _Authorization:
    """Sends requests to one origin, with an access token: the authentication flow of httpx and httpx2.

    A token that the server rejects is replaced once, and missing scopes are requested once, so no server can keep this in
    a loop. After the maximum of the connection, the response goes to the MCP library as it is.
    """

    def __init__(self, origin: _Origin, options: AccessTokenOptions, step_up: bool) -> None:
        self._origin = origin
        self._options = options
        self._replacements = _MAX_REPLACEMENTS
        self._step_ups = _MAX_STEP_UPS if step_up else 0
        self.failure: Exception | None = None
        """The first error, which the MCP library reports as a part of another."""

    async def flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        try:
            options = self._options
            token = Hidden(await run_steps_async(steps_to_token(options)))
            response = yield self._authorized(request, token)
            self._check(response)
            if response.status_code == 401:
                if self._replacements == 0:
                    return
                self._replacements -= 1
                token = Hidden(await run_steps_async(steps_to_replacement(options, token)))
                response = yield self._authorized(request, token)
                self._check(response)
            if response.status_code == 401:
                raise ReplacementTokenRejectedError(options.provider_name) from AccessTokenRejectedError()
            challenge = response.headers.get("www-authenticate", "") if self._step_ups else ""
            missing = missing_scopes(response.status_code, challenge, options.scopes)
            if not missing:
                return
            self._step_ups -= 1
            # The union: the challenge need not name scopes that other requests need.
            scopes = list(dict.fromkeys([*self._options.scopes, *options.scopes, *missing]))
            wider = dataclasses.replace(options, scopes=scopes)
            token = Hidden(await run_steps_async(steps_to_token(wider)))
            self._options = dataclasses.replace(self._options, scopes=scopes)
            response = yield self._authorized(request, token)
            self._check(response)
        except Exception as error:
            self.failure = self.failure or error
            raise

    def _authorized(self, request: Any, token: Hidden[str]) -> Any:
        if _origin(str(request.url)) != self._origin:
            raise McpRedirectError
        request.headers["Authorization"] = f"Bearer {token.reveal()}"
        return request

    def _check(self, response: Any) -> None:
        if 300 <= response.status_code < 400 and response.status_code != 304:
            raise McpRedirectError


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
    url: str, authorization: _Authorization, client_options: dict[str, Any]
) -> AsyncIterator[Any]:
    version_1 = importlib.metadata.version("mcp").startswith("1.")
    http = importlib.import_module("httpx" if version_1 else "httpx2")
    flow = {"async_auth_flow": lambda _, request: authorization.flow(request)}
    authentication = type("Authorization", (http.Auth,), flow)
    connect = importlib.import_module("mcp.client.streamable_http").streamable_http_client
    mcp = importlib.import_module("mcp")
    timeout = http.Timeout(30, read=300)
    async with http.AsyncClient(auth=authentication(), timeout=timeout, follow_redirects=False) as session:
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
    url: str, options: AccessTokenOptions, *, step_up: bool | None = None, **client_options: Any
) -> AsyncIterator[Any]:
    """Connects an MCP client to a server that requires OAuth, with `mcp` 1.x or 2.x.

    Each HTTP request gets its access token from the token vault, so a suspension or a revocation applies to the next
    request.

    - When the server responds with 401, the token is reported and replaced, once for each request.
    - When it responds with 403 and `insufficient_scope` (RFC 6750 section 3.1), a token with the union of the scopes is
      requested, once for each request.
    - When the user must consent, `on_auth_url` receives the URL and the request waits. Without `on_auth_url`, a
      ConsentRequiredError ends the connection.
    - On one connection, up to 5 tokens are replaced and more scopes are requested up to 3 times. Then the response goes
      to `mcp`.
    - The token is sent to the origin of the URL only. Redirects are not followed. The service rejects the request for a
      token if the credential provider is for another server.

    :param url: of the server: https, or http on loopback
    :param options: `force_authentication` and `resource_server_url` do not apply
    :param step_up: whether to request the scopes that the server names in a 403 response; by default only for
        USER_FEDERATION, where the user sees them
    :param client_options: of `mcp.Client` (2.x) or `mcp.ClientSession` (1.x)
    :returns: a context manager with the connected client
    :raises ConfigurationError: for an address to which a token must not be sent
    :raises: McpRedirectError, ReplacementTokenRejectedError, the errors of `get_access_token` and of `mcp`
    """
    parts = split_url(url)
    if not is_secure(parts) or "@" in parts.netloc:
        raise ConfigurationError(
            "The URL of the MCP server must be an https URL, or an http URL on loopback, without credentials."
        )
    options = dataclasses.replace(options, force_authentication=False, resource_server_url=url)
    # Before the first request, whose errors end the connection.
    Hidden(await run_steps_async(steps_to_token(options)))
    by_default = options.auth_flow == "USER_FEDERATION"
    authorization = _Authorization(_origin(url), options, by_default if step_up is None else step_up)
    try:
        async with _connected(url, authorization, client_options) as client:
            yield client
    except BaseException as error:
        failure = authorization.failure
        if failure is not None and (_contains(error, failure) or _is_closed_stream(error)):
            raise failure from failure.__cause__
        raise
