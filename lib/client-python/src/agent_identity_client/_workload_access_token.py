"""Sources of workload access tokens, and their renewal."""

from __future__ import annotations

import base64
import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from ._errors import ConfigurationError, WorkloadAccessTokenError
from ._hidden import Hidden
from ._requirements import IDENTITY, has_methods, is_text, require

Response = TypeVar("Response")


class WorkloadAccessTokenSource(Protocol):
    def get(self) -> str:
        """Returns a token that is valid as far as is known."""

    def renew(self, expired: str) -> str:
        """Returns another token, because the service reports that this token has expired.

        :raises WorkloadAccessTokenError: when no other token is available
        """


_MARGIN = 60
"""Seconds before expiry at which a token is replaced; a tenth of its lifetime if that is less."""


def _lifetime_of(token: str) -> float | None:
    """Returns the lifetime of a token in seconds.

    It is counted from the token's `iat`, so a wrong clock does not matter.

    :returns: None if the token cannot be read: the service need not issue a JWT
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"] - claims["iat"])
    except (ValueError, LookupError, TypeError):
        return None


class CachedWorkloadAccessTokens:
    """Gets tokens on demand and keeps each until shortly before it expires. Concurrent threads share one request.

    :param request: returns a new token, always for the same agent and user
    :param now: returns seconds
    """

    def __init__(self, request: Callable[[], str], now: Callable[[], float] = time.time) -> None:
        self._request = request
        self._now = now
        self._lock = threading.Lock()
        self._cached: Hidden[str] | None = None
        self._usable_until = -math.inf

    def get(self) -> str:
        with self._lock:
            if self._cached is None or self._now() >= self._usable_until:
                return self._request_token()
            return self._cached.reveal()

    def renew(self, expired: str) -> str:
        with self._lock:
            stale = self._cached is None or self._cached.reveal() == expired
            del expired
            if self._cached is None or stale:
                return self._request_token()
            return self._cached.reveal()

    def _request_token(self) -> str:
        cached = Hidden(self._request())
        lifetime = _lifetime_of(cached.reveal())
        kept = math.inf if lifetime is None else max(0, lifetime - min(_MARGIN, lifetime / 10))
        self._cached, self._usable_until = cached, self._now() + kept
        return cached.reveal()


class StaticWorkloadAccessToken:
    """A source of the one token that the agent was invoked with. The agent cannot renew it."""

    def __init__(self, token: str) -> None:
        given, self._token = is_text(token), Hidden(token)
        del token
        require(given, "StaticWorkloadAccessToken", "token", "the token that the agent was invoked with")

    def get(self) -> str:
        return self._token.reveal()

    def renew(self, expired: str) -> str:
        del expired
        raise WorkloadAccessTokenError(
            "The workload access token of this invocation has expired. Invoke the agent again. The access that the "
            "user granted is kept."
        )


def _resolve_user_token(given: Hidden[str | Callable[[], str]]) -> Hidden[str]:
    """:raises ConfigurationError: for anything but a string, which boto3 would show in its message"""
    shown = given.reveal()
    token: Hidden[Any] = Hidden(shown() if callable(shown) else shown)
    del shown
    if not isinstance(token.reveal(), str):
        raise ConfigurationError("user_token must be a string, or a function that returns one.")
    return token


def workload_access_tokens(
    identity: Any,
    workload_name: str,
    *,
    user_token: str | Callable[[], str] | None = None,
    user_id: str | None = None,
) -> CachedWorkloadAccessTokens:
    """Returns a token source for an agent without a gate.

    Create one source for each user, and keep it as long as the user's session.

    :param identity: a client whose principal can get tokens for this workload identity
    :param user_token: the user token of the user for whom the agent acts, or a function that returns a valid one
    :param user_id: the user for whom the agent acts; without a user, the agent acts for itself
    :raises ConfigurationError: for an argument that is not valid
    """
    both = user_token is not None and user_id is not None
    valid = user_token is None or isinstance(user_token, str) or callable(user_token)
    given = None if user_token is None else Hidden(user_token)
    del user_token
    caller = "workload_access_tokens"
    require(has_methods(identity, "get_workload_access_token"), caller, "identity", IDENTITY)
    require(is_text(workload_name), caller, "workload_name", 'a non-empty string, such as "travel-agent"')
    require(valid, caller, "user_token", "the user token, or a function that returns it")
    require(user_id is None or is_text(user_id), caller, "user_id", 'a non-empty string, such as "ana"')
    if both:
        raise ConfigurationError("Pass either user_token or user_id, not both.")

    def request() -> str:
        if given is not None:
            token = _resolve_user_token(given)
            response = identity.get_workload_access_token_for_jwt(
                workloadName=workload_name, userToken=token.reveal()
            )
        elif user_id is not None:
            response = identity.get_workload_access_token_for_user_id(
                workloadName=workload_name, userId=user_id
            )
        else:
            response = identity.get_workload_access_token(workloadName=workload_name)
        issued: str = response.get("workloadAccessToken", "")
        if not issued:
            raise WorkloadAccessTokenError(
                "The identity service returned no workload access token. Check that the endpoint is an identity "
                "service."
            )
        return issued

    return CachedWorkloadAccessTokens(request)


def is_expiry_message(message: str) -> bool:
    """Whether the service reports an expired token: it uses the word for nothing else."""
    return "expired" in message.lower()


def with_workload_access_token(
    source: WorkloadAccessTokenSource | str, send: Callable[[Hidden[str]], Response]
) -> Response:
    """Sends a request with a workload access token, and again with another token if the first has expired.

    :param source: a source, or a token
    """
    tokens = StaticWorkloadAccessToken(source) if isinstance(source, str) else source
    token = Hidden(tokens.get())
    try:
        return send(token)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code != "UnauthorizedException" or not is_expiry_message(message):
            raise
    return send(Hidden(tokens.renew(token.reveal())))
