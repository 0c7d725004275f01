"""The errors of this package. Each message says what happened and what to do."""

from __future__ import annotations

from typing import Literal

from ._hidden import Hidden


class ConfigurationError(Exception):
    """A setting is missing or not valid."""


class NoResponseError(Exception):
    """The identity service did not respond. `__cause__` is the error of boto3.

    :param code: name of that error, such as `EndpointConnectionError`
    """

    def __init__(self, origin: str, code: str) -> None:
        super().__init__(
            f"The identity service at {origin} did not respond ({code}). Check that it runs, and that "
            "AGENT_IDENTITY_ENDPOINT is its address."
        )
        self.code = code


def bound_token_error(provider_name: str) -> ConfigurationError:
    """Returns the error of a tool that would send a bound token as a bearer token."""
    return ConfigurationError(
        f'The access token of "{provider_name}" is bound to a key (DPoP): each request needs a proof, so a tool does not '
        "get the token. Send the requests with authorized_client, or with connect_mcp to an MCP server."
    )


class WorkloadAccessTokenError(Exception):
    """There is no workload access token, or the token of this invocation has expired."""


class CallCancelledError(Exception):
    """The caller canceled the call: `cancelled` was set."""


class ConsentRequiredError(Exception):
    """The user must consent first, and the options have no `on_auth_url` to receive the authorization URL."""

    def __init__(self, provider_name: str, authorization_url: str, session_uri: str) -> None:
        super().__init__(
            f'The user has not granted this agent access to "{provider_name}", or the access was revoked. Send the user '
            "to this error's authorization_url, complete the authorization when the browser returns, and call the tool "
            "again."
        )
        self.provider_name = provider_name
        self._authorization_url = Hidden(authorization_url)
        self._session_uri = Hidden(session_uri)

    @property
    def authorization_url(self) -> str:
        """Only for the browser of this user; valid for 10 minutes."""
        return self._authorization_url.reveal()

    @property
    def session_uri(self) -> str:
        """Only for polling.

        Completion takes the `session_id` of the return URL, which only the user's browser receives.
        """
        return self._session_uri.reveal()


_TRANSIENT_CODES = {"server_error", "temporarily_unavailable", "invalid_grant", "unreachable", "not_completed"}
"""Error codes after which a new authorization URL can work: the provider was unavailable (RFC 6749 section 4.1.2.1),
did not redeem this authorization code (section 5.2), or could not be reached; or the completion was rejected or
failed."""


def _consent_failure(provider_name: str, provider_error: str | None) -> str:
    if provider_error is None:
        return (
            f'The authorization URL for "{provider_name}" is no longer valid. Call the tool again for a new URL.'
        )
    if provider_error == "access_denied":
        return (
            f'The user or the credential provider "{provider_name}" denied access. If the user wants to grant '
            "access, call the tool again for a new authorization URL."
        )
    if provider_error in _TRANSIENT_CODES:
        return (
            f'The authorization for "{provider_name}" was not completed: {provider_error}. Call the tool again '
            "for a new authorization URL."
        )
    return (
        f'The credential provider "{provider_name}" rejected the authorization: {provider_error}. Correct the '
        "provider or the request before you call the tool again."
    )


class ConsentFailedError(Exception):
    """The consent ended without access: the user declined, the provider rejected the request, or the URL is too old.

    :param provider_error: the error code of the consent, usually an OAuth error code; None if the URL is too old
    """

    def __init__(self, provider_name: str, provider_error: str | None = None) -> None:
        super().__init__(_consent_failure(provider_name, provider_error))
        self.provider_error = provider_error


class ConsentDeclinedError(Exception):
    """The user of an MCP client declined to open the authorization URL, or closed the question.

    :param action: of the Model Context Protocol: the user said no, or dismissed the question without an answer
    """

    def __init__(self, provider_name: str, action: Literal["decline", "cancel"]) -> None:
        super().__init__(
            f'The user declined to let this agent use "{provider_name}". Nothing was connected. Call the tool again '
            "only if the user asks for it."
            if action == "decline"
            else f'The user did not answer whether this agent can use "{provider_name}". Nothing was connected. Ask '
            "the user before you call the tool again."
        )
        self.action = action


class ConsentTimeoutError(Exception):
    """The user did not consent while the tool waited.

    :param seconds: how long the tool waited
    """

    def __init__(self, provider_name: str, seconds: float) -> None:
        super().__init__(
            f'The user did not grant access to "{provider_name}" within {seconds:g} seconds. Call the tool again: '
            "it returns the same authorization URL while that URL is valid, and then a new one."
        )


class AccessTokenRejectedError(Exception):
    """For a tool to raise when the resource rejects the access token (HTTP 401).

    The decorator reports the token and calls the tool again with another token.
    """

    def __init__(
        self,
        message: str = (
            "The resource rejected the access token. Raise this error in a tool that with_access_token decorates, "
            "so that the tool is called again with another token."
        ),
    ) -> None:
        super().__init__(message)


class ReplacementTokenRejectedError(Exception):
    """The resource rejected the access token and also its replacement."""

    def __init__(self, provider_name: str) -> None:
        super().__init__(
            f'The resource rejected two access tokens of "{provider_name}" in a row. Check the scopes, resources, '
            "and audiences that it requires and, if the tokens are bound to keys (DPoP), that it accepts them. Otherwise, "
            "the user must consent again: force_authentication of AccessTokenOptions asks for it."
        )


class AgentRedirectError(Exception):
    """The gate of an agent redirects requests, or names a URL of another origin. No token is sent there."""

    def __init__(self) -> None:
        super().__init__(
            "The gate of the agent redirects requests, or another address was requested. No token was sent there. Pass the "
            "final URL of the agent."
        )


class GatewayAddressError(Exception):
    """A request is for another address than that of the gateway, or its path leads elsewhere. The agent's token is not sent
    there."""

    def __init__(self) -> None:
        super().__init__(
            'The URL is not that of the gateway or below it, or its path has "." or ".." segments, so nothing was sent there. '
            "Request {gatewayUrl}/{target}/{path}, or {gatewayUrl} if it ends in /mcp."
        )


class McpRedirectError(Exception):
    """An MCP server redirects requests, or names a URL of another origin. The access token is not sent there."""

    def __init__(self) -> None:
        super().__init__(
            "The MCP server redirects requests, or names another address. The access token was not sent there. Pass "
            "the final URL of the server to connect_mcp."
        )


class ResourceRedirectError(Exception):
    """A resource redirects requests, or the URL has another origin. The access token is not sent there."""

    def __init__(self) -> None:
        super().__init__(
            "The resource redirects requests, or the URL has another origin than that of authorized_client. The access "
            "token was not sent there. Use the final URL of the resource."
        )


AuthorizationReturnReason = Literal[
    "sign-in-needed", "state-missing", "malformed", "not-this-browser", "declined"
]
"""Why an authorization was not completed:

- `sign-in-needed`: no user is signed in to this browser;
- `state-missing`: the URL has a `session_id` but no `state`, because the agent requested the token without a state;
- `malformed`: `session_id` or `state` is repeated or not valid, or `session_id` is missing (`parameter` says which);
- `not-this-browser`: the state does not belong to this browser session;
- `declined`: the user or the provider declined.
"""

_RETURN_MESSAGES: dict[AuthorizationReturnReason, str] = {
    "sign-in-needed": "No user is signed in to this browser. Ask the user to sign in, and request access again.",
    "state-missing": (
        "The return URL has no state. Create a custom_state for the browser session, pass it when the agent "
        "requests the token, and request access again."
    ),
    "malformed": "The return URL parameters are not valid. Request access again.",
    "not-this-browser": (
        "This browser session did not start the authorization, or it was already completed. Nothing was connected. "
        "Request access again in this browser."
    ),
    "declined": (
        "The authorization was declined. Nothing was connected. If the user wants to grant access, request access "
        "again."
    ),
}

AuthorizationReturnParameter = Literal["session_id", "state"]
"""A parameter of the return URL."""

_MALFORMED_MESSAGES: dict[AuthorizationReturnParameter, str] = {
    "session_id": (
        "The parameter session_id of the return URL is missing, repeated, or not valid. Request access again."
    ),
    "state": "The parameter state of the return URL is empty, repeated, or too long. Request access again.",
}


class AuthorizationReturnError(Exception):
    """The browser returned, but the authorization was not completed; `reason` says why.

    :param state: set once it is known to belong to this browser session
    :param provider_error: the OAuth error code (RFC 6749 section 4.1.2.1) if the authorization was declined
    :param parameter: which parameter is not valid, for the reason `malformed`
    """

    def __init__(
        self,
        reason: AuthorizationReturnReason,
        state: str | None = None,
        provider_error: str | None = None,
        parameter: AuthorizationReturnParameter | None = None,
    ) -> None:
        if reason == "malformed" and parameter is not None:
            super().__init__(_MALFORMED_MESSAGES[parameter])
        else:
            super().__init__(_RETURN_MESSAGES[reason])
        self.reason = reason
        self.parameter = parameter
        self._state = Hidden(state)
        self.provider_error = provider_error

    @property
    def state(self) -> str | None:
        """Set once it is known to belong to this browser session. Do not log it."""
        return self._state.reveal()
