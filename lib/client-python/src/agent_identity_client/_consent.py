"""Access tokens: from the token vault, after the user's consent, or in place of a rejected token."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ._clock import Clock
from ._errors import (
    ConfigurationError,
    ConsentFailedError,
    ConsentRequiredError,
    ConsentTimeoutError,
    NoResponseError,
    bound_token_error,
)
from ._hidden import Hidden
from ._options import AccessTokenOptions, require_options
from ._requirements import is_text, require
from ._token_request import TokenResponse, failure_of, is_bound, is_transient, request_token

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 1.0, 5.0, 1.5
"""Seconds between polls. Short at first, because many users only click once; the AWS SDKs poll every 5 seconds."""


@dataclass(frozen=True)
class _SendUrl:
    """The authorization URL must reach the user: `send` passes it to the application."""

    send: Callable[[], Awaitable[None] | None]


@dataclass(frozen=True)
class _Pause:
    seconds: float
    clock: Clock
    cancelled: threading.Event


Result = TypeVar("Result")

_Step = _SendUrl | _Pause | Callable[[], Any]

Steps = Generator[_Step, Any, str]
"""The steps to a credential: sending a URL, a pause, or blocking work whose result is sent back. A thread and an event
loop can run the same steps."""


@dataclass(frozen=True)
class IssuedToken:
    """An access token, and how it is used."""

    token: Hidden[str]
    is_bound: bool
    """Whether each request needs a proof (DPoP, RFC 9449); otherwise, it is a bearer token."""


TokenSteps = Generator[_Step, Any, IssuedToken]


def _issued(response: TokenResponse) -> IssuedToken | None:
    """:returns: None if the response has no token"""
    if "accessToken" not in response.reveal():
        return None
    return IssuedToken(Hidden(str(response.reveal()["accessToken"])), is_bound(response))


def _poll(options: AccessTokenOptions, session_uri: Hidden[str]) -> IssuedToken | None:
    """:returns: None while the consent is in progress"""
    try:
        response = request_token(options, session_uri=session_uri)
    except ClientError as error:
        if is_transient(error):
            return None
        raise
    except NoResponseError:
        return None
    if response.reveal().get("sessionStatus") == "FAILED":
        raise ConsentFailedError(options.provider_name, failure_of(response))
    return _issued(response)


def pauses(clock: Clock, until: float) -> Iterator[float]:
    """The seconds before each poll, until this time of the clock."""
    pause = _FIRST_PAUSE
    while (left := until - clock.now()) > 0:
        yield min(pause, left)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


def _poll_until(
    options: AccessTokenOptions, session_uri: Hidden[str], until: float
) -> Generator[_Step, Any, IssuedToken | None]:
    """:returns: None if the consent is still in progress at this time of the clock"""
    clock, cancelled = options.clock, options.cancelled or threading.Event()
    for seconds in pauses(clock, until):
        yield _Pause(seconds, clock, cancelled)
        polled: IssuedToken | None = yield lambda: _poll(options, session_uri)
        if polled is not None:
            return polled
    return None


def steps_after_accept(
    options: AccessTokenOptions, session_uri: Hidden[str]
) -> Generator[_Step, Any, Hidden[str] | None]:
    """The steps of a call that is repeated after the user agreed to open the authorization URL.

    :param session_uri: from anywhere, even from the caller: the service compares the session's agent, user, and
        provider with those of the request, and does not distinguish a session of others from one that does not exist
    :returns: None if the user has not consented within `consent_timeout`
    :raises ConfigurationError: for a token that is bound to a key
    """
    until = options.clock.now() + options.consent_timeout
    polled: IssuedToken | None = yield lambda: _poll(options, session_uri)
    issued = polled or (yield from _poll_until(options, session_uri, until))
    return None if issued is None else _bearer(options, issued)


def _steps(options: AccessTokenOptions, first: Callable[[], TokenResponse]) -> TokenSteps:
    response = yield first
    issued = _issued(response)
    if issued is not None:
        return issued
    if "authorizationUrl" not in response.reveal():
        raise ConsentFailedError(options.provider_name, failure_of(response))
    url = Hidden(str(response.reveal()["authorizationUrl"]))
    session_uri = Hidden(str(response.reveal()["sessionUri"]))
    on_auth_url = options.on_auth_url
    if on_auth_url is None:
        raise ConsentRequiredError(options.provider_name, url.reveal(), session_uri.reveal())
    until = options.clock.now() + options.consent_timeout
    yield _SendUrl(lambda: on_auth_url(url.reveal()))
    issued = yield from _poll_until(options, session_uri, until)
    if issued is None:
        raise ConsentTimeoutError(options.provider_name, options.consent_timeout)
    return issued


def steps_to_token(options: AccessTokenOptions) -> TokenSteps:
    force = options.force_authentication or None
    return _steps(options, lambda: request_token(options, force=force))


def steps_to_replacement(options: AccessTokenOptions, rejected: Hidden[str]) -> TokenSteps:
    return _steps(options, lambda: request_token(options, rejected=rejected))


def _bearer(options: AccessTokenOptions, issued: IssuedToken) -> Hidden[str]:
    """:raises ConfigurationError: for a token that is bound to a key, which a tool would send as a bearer token"""
    if issued.is_bound:
        raise bound_token_error(options.provider_name)
    return issued.token


def steps_to_bearer(options: AccessTokenOptions, rejected: Hidden[str] | None = None) -> Steps:
    """The steps to a token for a tool.

    :param rejected: reports this token, and goes to another
    """
    steps = steps_to_token(options) if rejected is None else steps_to_replacement(options, rejected)
    return _bearer(options, (yield from steps)).reveal()


def run_steps(steps: Generator[_Step, Any, Result]) -> Result:
    """Runs the steps in this thread."""
    result = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            value: Result = end.value
            return value
        result = None
        if isinstance(step, _Pause):
            step.clock.wait(step.seconds, step.cancelled)
        elif not isinstance(step, _SendUrl):
            result = step()
        elif inspect.isawaitable(step.send()):
            raise ConfigurationError(
                "An async on_auth_url requires an async tool. Declare the tool with `async def`."
            )


async def run_steps_async(steps: Generator[_Step, Any, Result]) -> Result:
    """Runs the steps in the event loop. Requests use a thread; waiting does not."""
    result = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            value: Result = end.value
            return value
        result = None
        if isinstance(step, _Pause):
            await step.clock.sleep(step.seconds)
        elif not isinstance(step, _SendUrl):
            result = await asyncio.to_thread(step)
        elif inspect.isawaitable(sent := step.send()):
            await sent


def get_access_token(options: AccessTokenOptions) -> str:
    """Returns an access token: immediately if the token vault has one, otherwise after the user's consent.

    It blocks until then. A token that is bound to a key (DPoP, RFC 9449) is no bearer token: `authorized_client` sends it
    with a proof for each request.

    :raises ConfigurationError: when options are missing or not valid
    :raises ConsentRequiredError, ConsentFailedError, ConsentTimeoutError: for the user's consent
    :raises WorkloadAccessTokenError: when the workload access token has expired and cannot be renewed
    :raises CallCancelledError: when `cancelled` is set
    :raises ClientError: for errors of the service
    """
    require_options("get_access_token", options)
    return run_steps(steps_to_token(options)).token.reveal()


def replace_access_token(options: AccessTokenOptions, rejected: str) -> str:
    """Reports a token that the resource rejected and returns another.

    The other token is renewed, or follows a new consent.

    :param rejected: the token as it was returned
    :raises: the errors of `get_access_token`
    """
    given, token = is_text(rejected), Hidden(rejected)
    del rejected
    require_options("replace_access_token", options)
    require(given, "replace_access_token", "rejected", "the token that the resource rejected")
    steps = steps_to_replacement(options, token)
    return run_steps(steps).token.reveal()
