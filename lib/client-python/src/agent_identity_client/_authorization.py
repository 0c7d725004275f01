"""Requests to one origin with an access token, and with a proof if the token is bound to a key (DPoP, RFC 9449)."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlunsplit

from ._addresses import httpx_options, is_secure, split_url
from ._challenges import challenges_in
from ._consent import IssuedToken, run_steps_async, steps_to_replacement, steps_to_token
from ._errors import AccessTokenRejectedError, ConfigurationError, ReplacementTokenRejectedError
from ._hidden import Hidden
from ._options import AccessTokenOptions
from ._token_request import request_proof

_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
"""RFC 6749 section 3.3."""
_MAX_SCOPES = 100


def missing_scopes(status: int, header: str, requested: Iterable[str]) -> list[str]:
    """Returns the scopes that the server requires and the token was not requested for.

    :param header: the value of `WWW-Authenticate` (RFC 6750 section 3)
    :returns: no scopes if this is no challenge for scopes, or a retry with its scopes could not help
    """
    if status != 403:
        return []
    asked = (
        parameters
        for scheme, parameters in challenges_in(header)
        if scheme in ("bearer", "dpop") and parameters.get("error") == "insufficient_scope"
    )
    scopes = [scope for scope in next(asked, {}).get("scope", "").split(" ") if scope]
    if len(scopes) > _MAX_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        return []
    known = set(requested)
    return [scope for scope in dict.fromkeys(scopes) if scope not in known]


_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,512}")
"""Characters of a nonce (RFC 9449 section 8.1), as many as the service accepts."""


def requires_nonce(response: Any) -> bool:
    """Whether the resource requires the nonce of this response in the proof (RFC 9449 section 9)."""
    return (
        response.status_code == 401
        and "dpop-nonce" in response.headers
        and any(
            scheme == "dpop" and parameters.get("error") == "use_dpop_nonce"
            for scheme, parameters in challenges_in(response.headers.get("www-authenticate", ""))
        )
    )


_Origin = tuple[str, str, int | None]


def origin_of(url: str) -> _Origin:
    parts = split_url(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def check_address(url: str, what: str) -> None:
    """:raises ConfigurationError: for an address to which a token must not be sent"""
    parts = split_url(str(url))
    if not is_secure(parts) or "@" in parts.netloc:
        raise ConfigurationError(
            f"The URL of the {what} must be an https URL, or an http URL on loopback, without credentials."
        )


def is_redirect(response: Any) -> bool:
    return 300 <= int(response.status_code) < 400 and response.status_code != 304


def stop_at_redirects(error: Callable[[], Exception]) -> Callable[[Any], Awaitable[None]]:
    """Returns a hook of httpx that raises the error before a redirect is followed, which a request can demand."""

    async def hook(response: Any) -> None:
        if is_redirect(response):
            raise error()

    return hook


class Authorization:
    """Sends requests to one origin, with an access token: the authentication flow of httpx and httpx2.

    A token that the server rejects is replaced once, a nonce is used once, and missing scopes are requested once, so no
    server can keep this in a loop. After the maximum of replacements, the caller gets the response as it is.

    :param replacements: maximum replacements of rejected tokens
    :param step_ups: maximum requests for more scopes
    :param redirected: returns the error for a redirect, and for another origin
    """

    def __init__(
        self,
        url: str,
        options: AccessTokenOptions,
        *,
        replacements: float,
        step_ups: int,
        redirected: Callable[[], Exception],
    ) -> None:
        self._origin = origin_of(url)
        self._options = options
        self._replacements = replacements
        self._step_ups = step_ups
        self._redirected = redirected
        self._nonce: str | None = None
        """The last nonce that the resource gave."""
        self.failure: Exception | None = None
        """The first error, which the MCP library reports as a part of another."""

    def client(self, http: Any, url: str, **client_options: Any) -> Any:
        """Returns a client of this library, httpx or httpx2."""
        flow = {"async_auth_flow": lambda _, request: self.flow(request)}
        auth = type("Authorization", (http.Auth,), flow)()
        return http.AsyncClient(auth=auth, follow_redirects=False, **httpx_options(url, client_options))

    async def flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        try:
            options = self._options
            issued = await run_steps_async(steps_to_token(options))
            replaced = stepped_up = False
            while True:
                token = await self._authorize(request, options, issued)
                response = yield request
                self._check(response)
                if issued.is_bound and requires_nonce(response):
                    token = await self._authorize(request, options, issued)
                    response = yield request
                    self._check(response)
                if stepped_up:
                    return
                if response.status_code == 401:
                    if replaced:
                        raise ReplacementTokenRejectedError(
                            options.provider_name
                        ) from AccessTokenRejectedError()
                    if self._replacements == 0:
                        return
                    self._replacements -= 1
                    replaced = True
                    issued = await run_steps_async(steps_to_replacement(options, token))
                    continue
                challenge = response.headers.get("www-authenticate", "") if self._step_ups else ""
                missing = missing_scopes(response.status_code, challenge, options.scopes)
                if not missing:
                    return
                self._step_ups -= 1
                stepped_up = True
                # The union: the challenge need not name scopes that other requests need.
                scopes = list(dict.fromkeys([*self._options.scopes, *options.scopes, *missing]))
                options = dataclasses.replace(options, scopes=scopes)
                issued = await run_steps_async(steps_to_token(options))
                self._options = dataclasses.replace(self._options, scopes=scopes)
        except Exception as error:
            self.failure = self.failure or error
            raise

    async def _authorize(
        self, request: Any, options: AccessTokenOptions, issued: IssuedToken
    ) -> Hidden[str]:
        """Puts the token into the request, and its proof.

        :returns: the token: that of a proof can be newer than the one that was issued
        """
        url = split_url(str(request.url))
        if origin_of(str(request.url)) != self._origin:
            raise self._redirected()
        if not issued.is_bound:
            request.headers.pop("DPoP", None)
            request.headers["Authorization"] = f"Bearer {issued.token.reveal()}"
            return issued.token
        target = urlunsplit(url._replace(query="", fragment=""))
        proven = await asyncio.to_thread(request_proof, options, request.method, target, self._nonce)
        request.headers["Authorization"] = f"DPoP {proven.token.reveal()}"
        request.headers["DPoP"] = proven.proof.reveal()
        return proven.token

    def _check(self, response: Any) -> None:
        """Keeps the nonce of a response, also of a successful one."""
        if is_redirect(response):
            raise self._redirected()
        nonce = response.headers.get("dpop-nonce", "")
        if _NONCE.fullmatch(nonce):
            self._nonce = nonce
