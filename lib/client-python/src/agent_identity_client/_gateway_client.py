"""A client of httpx for the targets of a gateway, which attaches their credentials. The agent never holds them."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from ._addresses import httpx_options
from ._agent_client import header_value
from ._authorization import check_address, origin_of
from ._authorized_client import http_library
from ._calling_agent import CALLING_AGENT_HEADER
from ._consent import pauses
from ._errors import (
    ConfigurationError,
    ConsentFailedError,
    ConsentRequiredError,
    ConsentTimeoutError,
    GatewayAddressError,
)
from ._hidden import Hidden
from ._options import GatewayClientOptions, require_options
from ._workload_access_token import is_expiry_message

_CALLBACK_HEADER = "OAuth2CallbackUrl"
"""In which a gateway expects the return URL."""

_STATE_HEADER = "OAuth2CustomState"
"""For the state of the browser session."""

_DOT_SEGMENT = re.compile(r"(^|/)(\.|%2e){1,2}(?=[/?#]|$)", re.IGNORECASE)
"""Segments that URL parsers remove, so that the request would be another one than the caller wrote."""


@dataclass(frozen=True)
class _ConsentProblem:
    """What a gateway returns if the user must consent (RFC 9457)."""

    authorization_url: Hidden[str]
    session_uri: Hidden[str]


_CONSENT_REQUIRED = "urn:agent-identity:problem:consent-required"


def _error_in(response: Any) -> Any:
    """Returns the error of the gateway.

    It passes no such header of a target, which could otherwise show any URL to the user.
    """
    return response.headers.get("x-amzn-errortype")


async def _consent_problem_in(response: Any) -> _ConsentProblem | None:
    """:returns: None for any other response"""
    if response.status_code != 403 or _error_in(response) != "AccessDeniedException":
        return None
    try:
        problem = Hidden(json.loads(await response.aread()))
    except ValueError:
        return None
    if not isinstance(problem.reveal(), dict) or problem.reveal().get("type") != _CONSENT_REQUIRED:
        return None
    url, session_uri = (Hidden(problem.reveal().get(name)) for name in ("authorizationUrl", "sessionUri"))
    if not isinstance(url.reveal(), str) or not isinstance(session_uri.reveal(), str):
        return None
    return _ConsentProblem(url, session_uri)


async def _has_expired_token(response: Any) -> bool:
    """Whether the gateway reports that the agent's token has expired."""
    if response.status_code != 401 or _error_in(response) != "UnauthorizedException":
        return False
    return is_expiry_message((await response.aread()).decode(errors="replace"))


def _signature(identity: Any, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    """Returns the headers of AWS Signature Version 4 for a request."""
    parts = urlsplit(url)
    request = AWSRequest(
        method=method,
        url=parts._replace(query="", fragment="").geturl(),
        params=parse_qsl(parts.query, keep_blank_values=True),
        data=body,
        headers=headers,
    )
    credentials = identity._get_credentials().get_frozen_credentials()
    SigV4Auth(credentials, "execute-api", identity.meta.region_name).add_auth(request)
    return {name: value for name, value in request.headers.items() if name not in headers}


class GatewayAuthorization:
    """Sends requests to the targets of one gateway: the authentication flow of httpx and httpx2."""

    def __init__(self, gateway_url: str, options: GatewayClientOptions) -> None:
        self._origin = origin_of(gateway_url)
        self._base = urlsplit(gateway_url).path.rstrip("/")
        self._options = options
        self.failure: Exception | None = None
        """The first error, which the MCP library reports as a part of another."""

    def client(self, http: Any, url: str, **client_options: Any) -> Any:
        """Returns a client of this library, httpx or httpx2."""
        base: Any = http.AsyncClient

        class GatewayClient(base):  # type: ignore[misc]
            def build_request(self, method: Any, url: Any, **more: Any) -> Any:
                # The URL of the request no longer has these segments.
                if _DOT_SEGMENT.search(str(url)):
                    raise GatewayAddressError
                return super().build_request(method, url, **more)

            async def send(self, request: Any, **more: Any) -> Any:
                return await super().send(request, **(more | {"follow_redirects": False}))

        flow = {"async_auth_flow": lambda _, request: self.flow(request)}
        auth = type("Authorization", (http.Auth,), flow)()
        return GatewayClient(auth=auth, base_url=url, **httpx_options(url, client_options))

    async def flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        try:
            target = self._checked_target(request)
            # It can be sent more than once.
            await request.aread()
            # A space for forms, and a plus sign for signatures.
            query = request.url.query.replace(b"+", b"%20")
            request.url = request.url.copy_with(query=query or None)
            tokens: Any = self._options.workload_identity_token
            clock = self._options.clock
            waiting: Iterator[float] | None = None
            session_uri: Hidden[str] | None = None
            while True:
                token = Hidden(await asyncio.to_thread(tokens.get))
                await self._authorize(request, token)
                response = yield request
                if await _has_expired_token(response):
                    token = Hidden(await asyncio.to_thread(tokens.renew, token.reveal()))
                    await self._authorize(request, token)
                    response = yield request
                problem = await _consent_problem_in(response)
                if problem is None:
                    return
                if waiting is None or session_uri is None:
                    session_uri = problem.session_uri
                    waiting = pauses(clock, clock.now() + self._options.consent_timeout)
                    await self._send_url(target, problem)
                elif problem.session_uri.reveal() != session_uri.reveal():
                    # Another session: this one ended without access.
                    raise ConsentFailedError(target)
                pause = next(waiting, None)
                if pause is None:
                    raise ConsentTimeoutError(target, self._options.consent_timeout)
                await clock.sleep(pause)
        except Exception as error:
            self.failure = self.failure or error
            raise

    def _checked_target(self, request: Any) -> str:
        """Returns the name of the target, for messages."""
        path = urlsplit(str(request.url)).path
        is_at = path == self._base or path.startswith(f"{self._base}/")
        if origin_of(str(request.url)) != self._origin or not is_at or _DOT_SEGMENT.search(path):
            raise GatewayAddressError
        if "authorization" in request.headers:
            raise ConfigurationError(
                "A request to a gateway must not have the header Authorization: the gateway attaches the credential. "
                "Pass a user token as the option `user_token`."
            )
        below = path.removeprefix(self._base) or path[path.rindex("/") :]
        return below.split("/")[1]

    async def _send_url(self, target: str, problem: _ConsentProblem) -> None:
        on_auth_url = self._options.on_auth_url
        if on_auth_url is None:
            url, session_uri = problem.authorization_url, problem.session_uri
            raise ConsentRequiredError(target, url.reveal(), session_uri.reveal())
        sent = on_auth_url(problem.authorization_url.reveal())
        if inspect.isawaitable(sent):
            await sent

    async def _authorize(self, request: Any, token: Hidden[str]) -> None:
        options = self._options
        request.headers[CALLING_AGENT_HEADER] = header_value(token.reveal())
        if options.callback_url is not None:
            request.headers[_CALLBACK_HEADER] = options.callback_url
        if options.custom_state is not None:
            request.headers[_STATE_HEADER] = options.custom_state
        user_token: Any = options.user_token
        if user_token is not None:
            request.headers["Authorization"] = f"Bearer {header_value(user_token.reveal())}"
            return
        names = (CALLING_AGENT_HEADER, _CALLBACK_HEADER, _STATE_HEADER, "Content-Type")
        signed = {name: request.headers[name] for name in names if name in request.headers}
        # The credentials can need a request.
        arguments = (options.identity, request.method, str(request.url), request.content, signed)
        request.headers.update(await asyncio.to_thread(_signature, *arguments))


def gateway_client(gateway_url: str, options: GatewayClientOptions, **client_options: Any) -> Any:
    """Returns an `httpx.AsyncClient` for the targets of a gateway: `{gateway_url}/{target}/{path}`.

    The gateway attaches the credential that the user granted to this agent, and the agent never holds it.

    - When the user must consent, `on_auth_url` receives the URL and the request waits. Without `on_auth_url`, the request
      raises ConsentRequiredError.
    - The agent's token is sent to the gateway only, and redirects are not followed.
    - The body of a request is read before it is sent, because it can be sent more than once.

    :param gateway_url: `gatewayUrl` of the gateway: https, or http on loopback. It is the base of relative URLs
    :param client_options: of `httpx.AsyncClient`, without `auth` and `follow_redirects`. For http on loopback, `trust_env`
        is False, so that no proxy of the environment (HTTP_PROXY) receives the token
    :returns: the client, whose requests raise GatewayAddressError, ConsentRequiredError, ConsentFailedError,
        ConsentTimeoutError, and WorkloadAccessTokenError
    :raises ConfigurationError: for an address to which a token must not be sent, and without httpx
    """
    check_address(gateway_url, "gateway")
    require_options("gateway_client", options, GatewayClientOptions)
    authorization = GatewayAuthorization(gateway_url, options)
    return authorization.client(http_library("gateway_client"), gateway_url, **client_options)
