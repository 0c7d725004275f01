"""What an application does when the browser returns from the provider."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from ._addresses import split_url
from ._errors import AuthorizationReturnError
from ._hidden import Hidden
from ._requirements import IDENTITY, has_methods, is_record, is_texts, require
from ._service_contract import error_code_of


class BrowserSession:
    """What the application knows about the browser that sent the request, from its session cookie.

    :param user: the signed-in user: `{"userToken": …}` or `{"userId": …}`, as in the request for the workload access
        token
    :param states: each unguessable `custom_state` that was created for this browser session and has not returned yet
    :raises ConfigurationError: for a user or states of another form; one string is no collection of states
    """

    def __init__(self, user: dict[str, str], states: Iterable[str]) -> None:
        named = is_record(user) and bool({"userToken", "userId"} & user.keys())
        self._user = Hidden(user)
        listed = isinstance(states, Iterable) and not isinstance(states, (str, bytes))
        self._states = Hidden(list(states) if listed else [])
        listed = listed and is_texts(self._states.reveal())
        del user, states
        require(named, "BrowserSession", "user", 'a dictionary: {"userToken": …} or {"userId": …}')
        require(listed, "BrowserSession", "states", "a collection of strings, such as [state]")

    @property
    def user(self) -> dict[str, str]:
        return self._user.reveal()

    @property
    def states(self) -> list[str]:
        return self._states.reveal()


@dataclass(frozen=True)
class CompletedAuthorization:
    """The application deletes the state and continues with the user's request."""

    state: str = field(repr=False)


_SESSION_URI = re.compile(r"urn:ietf:params:oauth:request_uri:[a-zA-Z0-9\-._~]{1,512}")
"""The pattern of the AWS service model."""

_MAX_STATE_LENGTH = 4096


def _single(query: Hidden[dict[str, list[str]]], name: str) -> Hidden[str]:
    """Returns a parameter; an empty string if it is missing or repeated."""
    values = query.reveal().get(name, [])
    return Hidden(values[0] if len(values) == 1 else "")


def complete_authorization(
    identity: Any, url: str, browser_session: Callable[[], BrowserSession | None]
) -> CompletedAuthorization:
    """Completes an authorization when the browser returns to the application's return URL.

    Only the application knows whose browser it is; without this step, a forwarded link would connect the account of
    another person. The `session_id` is valid for one completion, and only the browser that consented has it. If the
    application names another user, the session ends and the user must consent again.

    :param url: URL of the request to the return URL, with or without its origin
    :param browser_session: returns None when no user is signed in to this browser
    :raises ConfigurationError: for an argument that is not valid
    :raises AuthorizationReturnError: with a reason; nothing was completed
    :raises ClientError: `AccessDeniedException` for another user's session or a session that is no longer valid,
        `ValidationException` when the provider does not redeem the authorization code
    """
    operation = has_methods(identity, "complete_resource_token_auth")
    require(operation, "complete_authorization", "identity", IDENTITY)
    function = "a function that returns a BrowserSession, or None if no user is signed in"
    require(callable(browser_session), "complete_authorization", "browser_session", function)
    # Frameworks have their own classes of URLs.
    query = Hidden(parse_qs(split_url(str(url)).query, keep_blank_values=True))
    del url
    session_uri, state = _single(query, "session_id"), _single(query, "state")
    if not _SESSION_URI.fullmatch(session_uri.reveal()):
        raise AuthorizationReturnError("malformed", parameter="session_id")
    if "state" not in query.reveal():
        raise AuthorizationReturnError("state-missing")
    if not 0 < len(state.reveal()) <= _MAX_STATE_LENGTH:
        raise AuthorizationReturnError("malformed", parameter="state")
    session = browser_session()
    if session is None:
        raise AuthorizationReturnError("sign-in-needed")
    # Compares all states in constant time.
    if not sum(hmac.compare_digest(state.reveal().encode(), known.encode()) for known in session.states):
        raise AuthorizationReturnError("not-this-browser")
    if "error" in query.reveal():
        code = error_code_of(_single(query, "error").reveal())
        raise AuthorizationReturnError("declined", state.reveal(), code)
    identity.complete_resource_token_auth(sessionUri=session_uri.reveal(), userIdentifier=session.user)
    return CompletedAuthorization(state.reveal())
