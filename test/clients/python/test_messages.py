"""The messages of both client libraries are equal, except for the names of each language."""

import json
import re
import subprocess
from pathlib import Path

import boto3
import pytest
from agent_identity_client import (
    AccessTokenOptions,
    AccessTokenRejectedError,
    AgentRedirectError,
    AuthorizationReturnError,
    AuthorizationReturnParameter,
    ConfigurationError,
    ConsentDeclinedError,
    ConsentFailedError,
    ConsentRequiredError,
    ConsentTimeoutError,
    GatewayAddressError,
    McpRedirectError,
    ReplacementTokenRejectedError,
    ResourceRedirectError,
    StaticWorkloadAccessToken,
    WorkloadAccessTokenError,
    from_gate,
    identity_client,
)
from agent_identity_client._errors import bound_token_error

ROOT = Path(__file__).parents[3]

REASONS = ("sign-in-needed", "state-missing", "malformed", "not-this-browser", "declined")
PARAMETERS: tuple[AuthorizationReturnParameter, ...] = ("session_id", "state")
CODES = ("access_denied", "server_error", "invalid_scope")

TYPESCRIPT = f"""
const c = require('./lib/client/index.ts');
const messageOf = async (call) => {{
  try {{ await call(); }} catch (error) {{ return error.message; }}
}};
const rejected = new c.AccessTokenRejectedError();
(async () => console.log(JSON.stringify([
  new c.ConsentRequiredError('calendar', 'https://example.com', 'urn:x').message,
  new c.ConsentFailedError('calendar').message,
  ...{json.dumps(CODES)}.map((code) => new c.ConsentFailedError('calendar', code).message),
  ...['decline', 'cancel'].map((action) => new c.ConsentDeclinedError('calendar', action).message),
  new c.ConsentTimeoutError('calendar', 600).message,
  new c.McpRedirectError().message,
  new c.GatewayAddressError().message,
  new c.AgentRedirectError().message,
  new c.ResourceRedirectError().message,
  require('./lib/client/errors.ts').boundTokenError('calendar').message,
  rejected.message,
  new c.ReplacementTokenRejectedError('calendar', rejected).message,
  ...{json.dumps(REASONS)}.map((reason) => new c.AuthorizationReturnError(reason).message),
  ...{json.dumps(PARAMETERS)}.map((name) => new c.AuthorizationReturnError('malformed', undefined, undefined, name).message),
  await messageOf(() => c.createIdentityClient()),
  await messageOf(() => c.createIdentityClient({{ endpoint: 'identity.example' }})),
  await messageOf(() => c.createIdentityClient({{ endpoint: 'http://identity.example' }})),
  await messageOf(() => c.createIdentityClient({{ endpoint: 'https://identity.example' }})),
  await messageOf(() => c.fromGate({{}})),
  ...(await Promise.all([0, -1].map((consentTimeout) => messageOf(() => c.getAccessToken({{
    identity: {{ send() {{}} }}, workloadIdentityToken: 'token', providerName: 'calendar', scopes: ['a'],
    authFlow: 'USER_FEDERATION', consentTimeout,
  }}))))),
  await messageOf(() => c.createIdentityClient({{ endpoint: 'https://x.example/runtimes/a/invocations' }})),
  await messageOf(() => c.staticWorkloadAccessToken('token').renew('token')),
])))();
"""


def waiting_for(seconds: float) -> AccessTokenOptions:
    return AccessTokenOptions(
        identity=boto3.client("bedrock-agentcore", "us-east-1"),
        workload_identity_token="token",
        provider_name="calendar",
        scopes=["a"],
        auth_flow="USER_FEDERATION",
        consent_timeout=seconds,
    )


def messages_in_python(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("AGENT_IDENTITY_ENDPOINT", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    calls = (
        identity_client,
        lambda: identity_client("identity.example"),
        lambda: identity_client("http://identity.example"),
        lambda: identity_client("https://identity.example"),
        lambda: from_gate({}),
        lambda: waiting_for(0),
        lambda: waiting_for(-1),
        lambda: identity_client("https://x.example/runtimes/a/invocations"),
        lambda: StaticWorkloadAccessToken("token").renew("token"),
    )
    raised: list[str] = []
    for call in calls:
        with pytest.raises((ConfigurationError, WorkloadAccessTokenError)) as error:
            call()
        raised.append(str(error.value))
    return [
        str(ConsentRequiredError("calendar", "https://example.com", "urn:x")),
        str(ConsentFailedError("calendar")),
        *(str(ConsentFailedError("calendar", code)) for code in CODES),
        str(ConsentDeclinedError("calendar", "decline")),
        str(ConsentDeclinedError("calendar", "cancel")),
        str(ConsentTimeoutError("calendar", 600)),
        str(McpRedirectError()),
        str(GatewayAddressError()),
        str(AgentRedirectError()),
        str(ResourceRedirectError()),
        str(bound_token_error("calendar")),
        str(AccessTokenRejectedError()),
        str(ReplacementTokenRejectedError("calendar")),
        *(str(AuthorizationReturnError(reason)) for reason in REASONS),
        *(str(AuthorizationReturnError("malformed", parameter=name)) for name in PARAMETERS),
        *raised,
    ]


def in_python(message: str) -> str:
    """The message with the names of the Python library."""
    names = r"authorizationUrl|connectMcp|consentTimeout|customState|forceAuthentication|withAccessToken|workloadAccessTokens"
    snake = re.sub(names, lambda name: re.sub(r"[A-Z]", lambda c: f"_{c[0].lower()}", name[0]), message)
    snake = snake.replace("authorizedFetch", "authorized_client")
    snake = snake.replace("of getAccessToken", "of AccessTokenOptions").replace(", or left out", "")
    return snake.replace("Throw this error", "Raise this error").replace("_token wraps", "_token decorates")


def test_are_equal_in_python_and_typescript(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = messages_in_python(monkeypatch)
    program = ["node", "--require", "tsx/cjs", "--eval", TYPESCRIPT]
    theirs = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [in_python(message) for message in json.loads(theirs)] == ours
