"""Credentials for the tools of agents, and the completion of consents for applications, built on boto3.

An agent behind a gate decorates a tool. The call waits for the user's consent, and the tool gets the access token as
the keyword argument `access_token`::

    identity = identity_client()  # AGENT_IDENTITY_ENDPOINT, AWS_REGION, AWS credentials

    @with_access_token(lambda day, headers, state, send: AccessTokenOptions(
        identity=identity, **from_gate(headers), provider_name="calendar", scopes=["calendar.read"],
        auth_flow="USER_FEDERATION", custom_state=state, on_auth_url=send))
    def read_calendar(day, headers, state, send, *, access_token):
        headers = {"Authorization": f"Bearer {access_token}"}
        response = requests.get(CALENDAR, params={"day": day}, headers=headers)
        if response.status_code == 401:
            raise AccessTokenRejectedError  # called once more with another token
        return response.json()

An agent without a gate passes `workload_identity_token=workload_access_tokens(identity, name, user_id=…)` instead of
`from_gate`. The application creates an unguessable `state`, keeps it in the user's browser session, and calls
`complete_authorization` at its return URL, which validates the state.

This package logs nothing. No message, `repr`, or `vars` of its objects contains a token or an authorization URL.
Errors of the service arrive as boto3's ClientError.
"""

from ._agent_client import agent_client
from ._api_key import get_api_key
from ._authorized_client import authorized_client
from ._calling_agent import invoke_agent
from ._clock import Clock, SystemClock
from ._complete_authorization import (
    BrowserSession,
    CompletedAuthorization,
    complete_authorization,
)
from ._consent import get_access_token, replace_access_token
from ._decorators import Tool, with_access_token, with_api_key
from ._errors import (
    AccessTokenRejectedError,
    AgentRedirectError,
    AuthorizationReturnError,
    AuthorizationReturnParameter,
    AuthorizationReturnReason,
    CallCancelledError,
    ConfigurationError,
    ConsentDeclinedError,
    ConsentFailedError,
    ConsentRequiredError,
    ConsentTimeoutError,
    GatewayAddressError,
    McpRedirectError,
    NoResponseError,
    ReplacementTokenRejectedError,
    ResourceRedirectError,
    WorkloadAccessTokenError,
)
from ._gate_headers import GateOptions, from_gate
from ._gateway_client import gateway_client
from ._identity_client import identity_client
from ._options import AccessTokenOptions, ApiKeyOptions, GatewayClientOptions
from ._workload_access_token import (
    CachedWorkloadAccessTokens,
    StaticWorkloadAccessToken,
    WorkloadAccessTokenSource,
    workload_access_tokens,
)

__all__ = [
    "AccessTokenOptions",
    "AccessTokenRejectedError",
    "AgentRedirectError",
    "ApiKeyOptions",
    "AuthorizationReturnError",
    "AuthorizationReturnParameter",
    "AuthorizationReturnReason",
    "BrowserSession",
    "CachedWorkloadAccessTokens",
    "CallCancelledError",
    "Clock",
    "CompletedAuthorization",
    "ConfigurationError",
    "ConsentDeclinedError",
    "ConsentFailedError",
    "ConsentRequiredError",
    "ConsentTimeoutError",
    "GateOptions",
    "GatewayAddressError",
    "GatewayClientOptions",
    "McpRedirectError",
    "NoResponseError",
    "ReplacementTokenRejectedError",
    "ResourceRedirectError",
    "StaticWorkloadAccessToken",
    "SystemClock",
    "Tool",
    "WorkloadAccessTokenError",
    "WorkloadAccessTokenSource",
    "agent_client",
    "authorized_client",
    "complete_authorization",
    "from_gate",
    "gateway_client",
    "get_access_token",
    "get_api_key",
    "identity_client",
    "invoke_agent",
    "replace_access_token",
    "with_access_token",
    "with_api_key",
    "workload_access_tokens",
]
