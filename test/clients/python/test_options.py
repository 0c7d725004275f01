"""What code without type checks can pass: the argument that is wrong is named, before a request is sent."""

import asyncio
from collections.abc import Callable
from email.message import Message
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from agent_identity_client import (
    AccessTokenOptions,
    ApiKeyOptions,
    BrowserSession,
    ConfigurationError,
    StaticWorkloadAccessToken,
    authorized_client,
    gateway_client,
    complete_authorization,
    from_gate,
    get_access_token,
    get_api_key,
    identity_client,
    invoke_agent,
    replace_access_token,
    workload_access_tokens,
)
from agent_identity_client.mcp import connect_mcp

IDENTITY: Any = boto3.client("bedrock-agentcore", "us-east-1", endpoint_url="http://127.0.0.1:9")
TOKEN: dict[str, Any] = {
    "identity": IDENTITY,
    "workload_identity_token": "secret-token",
    "provider_name": "calendar",
    "scopes": ["calendar.read"],
    "auth_flow": "M2M",
}
GATE = identity_client("https://gate.example", "us-east-1")
HEADERS = {"WorkloadAccessToken": "secret-token", "OAuth2CallbackUrl": "https://app.example/back"}


def message_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ConfigurationError) as raised:
        call()
    assert "secret-" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identity", None),
        ("identity", boto3.client("sts", "us-east-1")),
        ("workload_identity_token", None),
        ("workload_identity_token", ""),
        ("workload_identity_token", from_gate(HEADERS)),
        ("provider_name", None),
        ("callback_url", 7),
        ("scopes", None),
        ("scopes", "calendar.read"),
        ("scopes", iter(["calendar.read"])),
        ("scopes", [7]),
        ("auth_flow", "user"),
        ("resources", "https://api.example"),
        ("audiences", [None]),
        ("resource_server_url", 7),
        ("custom_state", ""),
        ("custom_parameters", {"prompt": 7}),
        ("custom_parameters", ["secret-text"]),
        ("on_auth_url", "secret-url"),
        ("consent_timeout", "600"),
        ("consent_timeout", None),
        ("cancelled", True),
        ("clock", None),
    ],
)
def test_an_option_that_is_not_valid_is_named(name: str, value: Any) -> None:
    message = message_of(lambda: AccessTokenOptions(**(TOKEN | {name: value})))
    assert message.startswith(f"`{name}` of AccessTokenOptions must be ")


@pytest.mark.parametrize("scopes", [("a",), {"a"}, frozenset("a"), {"a": 1}.keys(), []])
def test_collections_of_scopes_are_accepted(scopes: Any) -> None:
    assert AccessTokenOptions(**(TOKEN | {"scopes": scopes})).scopes is scopes


def test_an_unknown_option_and_a_missing_option_are_named() -> None:
    with pytest.raises(TypeError, match="scope"):
        AccessTokenOptions(**(TOKEN | {"scope": ["a"]}))
    missing = {name: value for name, value in TOKEN.items() if name != "scopes"}
    with pytest.raises(TypeError, match="scopes"):
        AccessTokenOptions(**missing)


async def connect(options: Any) -> None:
    async with connect_mcp("https://mcp.example", options):
        pass


KEY: Any = ApiKeyOptions(**{name: TOKEN[name] for name in list(TOKEN)[:3]})
WITHOUT: dict[str, Callable[[Any], Any]] = {
    "get_access_token": get_access_token,
    "replace_access_token": lambda options: replace_access_token(options, "secret-token"),
    "get_api_key": get_api_key,
    "authorized_client": lambda options: authorized_client("https://api.example", options),
    "gateway_client": lambda options: gateway_client("https://gateway.example", options),
    "connect_mcp": lambda options: asyncio.run(connect(options)),
}


@pytest.mark.parametrize("options", [None, TOKEN, "secret-text"])
@pytest.mark.parametrize("name", WITHOUT)
def test_other_values_are_no_options(name: str, options: Any) -> None:
    expected = {"get_api_key": "ApiKeyOptions", "gateway_client": "GatewayClientOptions"}.get(
        name, "AccessTokenOptions"
    )
    assert message_of(lambda: WITHOUT[name](options)) == (
        f"`options` of {name} must be options: {expected}(…)."
    )


def test_the_options_of_an_api_key_are_not_those_of_an_access_token() -> None:
    assert "AccessTokenOptions" in message_of(lambda: get_access_token(KEY))


UNTYPED: Any = SimpleNamespace(
    workload_access_tokens=workload_access_tokens,
    invoke_agent=invoke_agent,
    complete_authorization=complete_authorization,
    identity_client=identity_client,
    BrowserSession=BrowserSession,
    StaticWorkloadAccessToken=StaticWorkloadAccessToken,
    from_gate=from_gate,
)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: UNTYPED.workload_access_tokens(None, "a"), "`identity` of workload_access_tokens"),
        (lambda: UNTYPED.workload_access_tokens(IDENTITY, None), "`workload_name` of workload_access_tokens"),
        (lambda: UNTYPED.workload_access_tokens(IDENTITY, "a", user_token=b"secret-"), "`user_token` of"),
        (lambda: UNTYPED.workload_access_tokens(IDENTITY, "a", user_id=7), "`user_id` of"),
        (lambda: UNTYPED.invoke_agent(None, "secret-token"), "`agent` of invoke_agent must be a client"),
        (lambda: UNTYPED.invoke_agent("https://gate.example", "secret-token"), "`agent` of invoke_agent"),
        (lambda: UNTYPED.invoke_agent(GATE, from_gate(HEADERS)), "`workload_identity_token` of invoke_agent"),
        (lambda: UNTYPED.complete_authorization(None, "/", lambda: None), "`identity` of"),
        (
            lambda: UNTYPED.complete_authorization(IDENTITY, "/", BrowserSession({"userId": "ana"}, [])),
            "`browser_session` of complete_authorization must be a function",
        ),
        (lambda: UNTYPED.BrowserSession(None, []), "`user` of BrowserSession must be"),
        (lambda: UNTYPED.BrowserSession({"userid": "secret-user"}, []), "`user` of BrowserSession must be"),
        (lambda: UNTYPED.BrowserSession({"userId": "secret-user"}, None), "`states` of BrowserSession"),
        (lambda: UNTYPED.BrowserSession({"userId": "secret-user"}, [7]), "`states` of BrowserSession"),
        (lambda: UNTYPED.StaticWorkloadAccessToken(None), "`token` of StaticWorkloadAccessToken"),
        (lambda: UNTYPED.from_gate(None), "`request` of from_gate must be the headers"),
        (lambda: UNTYPED.from_gate(7), "`request` of from_gate must be the headers"),
        (lambda: UNTYPED.identity_client(7), "`endpoint` of identity_client must be a string"),
    ],
)
def test_an_argument_that_is_not_valid_is_named(call: Callable[[], Any], expected: str) -> None:
    assert expected in message_of(call)


def headers_without_mapping() -> Message:
    message = Message()
    for name, value in HEADERS.items():
        message[name] = value
    return message


@pytest.mark.parametrize(
    "request_of_gate",
    [
        HEADERS,
        headers_without_mapping(),
        SimpleNamespace(headers=HEADERS),
        SimpleNamespace(headers=headers_without_mapping()),
        SimpleNamespace(request_context=SimpleNamespace(request=SimpleNamespace(headers=HEADERS))),
    ],
)
def test_the_headers_of_the_gate_are_read_from_the_request_too(request_of_gate: Any) -> None:
    assert from_gate(request_of_gate)["callback_url"] == "https://app.example/back"


INVOCATION = "/prod/runtimes/arn%3Aaws%3Abedrock-agentcore/invocations"


@pytest.mark.parametrize("end", [INVOCATION, f"{INVOCATION}?qualifier=DEFAULT", "/prod/runtimes"])
def test_the_url_that_invokes_an_agent_is_no_endpoint(end: str) -> None:
    expected = (
        "The endpoint is the URL that invokes an agent. Pass the part before /runtimes/: https://gate.example/prod"
    )
    assert message_of(lambda: identity_client(f"https://gate.example{end}", "us-east-1")) == expected
    raw = boto3.client("bedrock-agentcore", "us-east-1", endpoint_url=f"https://gate.example{end}")
    assert message_of(lambda: invoke_agent(raw, "secret-token")) == expected
