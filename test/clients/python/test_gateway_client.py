"""Agents that send their requests with `gateway_client` and `connect_mcp`: a target gets the credential, and no agent."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from agent_identity_client import (
    ConfigurationError,
    ConsentFailedError,
    ConsentRequiredError,
    GatewayAddressError,
    GatewayClientOptions,
    WorkloadAccessTokenError,
    gateway_client,
    identity_client,
    workload_access_tokens,
)
from agent_identity_client.mcp import connect_mcp
from mcp_servers import Received, protected_server
from signing import client as aws_client
from world import RETURN_URL, Agent, World

ROLE = "arn:aws:iam::000000000000:role/gateway"


@dataclass
class Target:
    """A server behind the gateway, with the requests that it received."""

    origin: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    seen: list[Any] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Target]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            target.seen.append(
                SimpleNamespace(method=self.command, path=self.path, headers=self.headers, body=body)
            )
            self.send_response(target.status)
            for name, value in target.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(target.body)))
            self.end_headers()
            self.wfile.write(target.body.encode())

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            """Does not print."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    target = Target(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield target
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def open_gateway(world: World, **authorizer: Any) -> Any:
    """Returns the response of the service about a new gateway."""
    usual = {"name": world.new_name("py-gateway"), "roleArn": ROLE, "authorizerType": "AWS_IAM"}
    return aws_client("bedrock-agentcore-control").create_gateway(**(usual | authorizer))


def add_target(
    world: World, gateway: Any, endpoint: str, *, protocol: str = "CUSTOM", **members: Any
) -> str:
    """Adds a target whose requests get the user's token of the calendar provider. Returns its URL at the gateway."""
    control = aws_client("bedrock-agentcore-control")
    arn = control.get_oauth2_credential_provider(name=world.provider_name)["credentialProviderArn"]
    oauth = {"providerArn": arn, "scopes": ["calendar.read"], "grantType": "AUTHORIZATION_CODE"}
    control.create_gateway_target(
        gatewayIdentifier=gateway["gatewayId"],
        name="calendar",
        targetConfiguration={"http": {"passthrough": {"endpoint": endpoint, "protocolType": protocol}}},
        **{
            "credentialProviderConfigurations": [
                {
                    "credentialProviderType": "OAUTH",
                    "credentialProvider": {"oauthCredentialProvider": oauth},
                }
            ],
            **members,
        },
    )
    return f"{gateway['gatewayUrl']}/calendar"


def options_of(world: World, agent: Agent, user_id: str, **more: Any) -> GatewayClientOptions:
    identity = identity_client(world.endpoint, world.ready["region"])
    tokens = workload_access_tokens(identity, agent.name, user_id=user_id)
    usual = {"identity": identity, "workload_identity_token": tokens, "callback_url": RETURN_URL}
    return GatewayClientOptions(**(usual | more))


class Consents:
    """A clock whose first wait is the consent of a user."""

    def __init__(self, agent: Agent, user_id: str) -> None:
        self.links: list[str] = []
        self._agent, self._user_id, self._now = agent, user_id, 0.0

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float, cancelled: Any) -> None:
        raise AssertionError("the event loop is not blocked")

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
        if self._now == seconds:
            back = await asyncio.to_thread(self._agent.consent, self.links[-1])
            await asyncio.to_thread(self._complete, back)

    def _complete(self, back: str) -> None:
        try:
            self._agent.complete(back, userId=self._user_id)
        except self._agent.data.exceptions.ClientError:
            """The service ends the session of another user."""

    @property
    def options(self) -> dict[str, Any]:
        return {"clock": self, "on_auth_url": self.links.append}


def send(
    gateway_url: str, options: GatewayClientOptions, url: str, method: str = "GET", **request: Any
) -> Any:
    async def run() -> Any:
        async with gateway_client(gateway_url, options) as client:
            return await client.request(method, url, **request)

    return asyncio.run(asyncio.wait_for(run(), 60))


def test_waits_for_the_consent_and_sends_the_credential_that_the_agent_never_gets(
    world: World, server: Target
) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    lists = {"allowedQueryParameters": ["day", "note"]}
    add_target(world, gateway, f"{server.origin}/v1", metadataConfiguration=lists)
    consents = Consents(agent, "ana")
    options = options_of(world, agent, "ana", **consents.options)
    query = {"day": "1", "note": "a b+c/ü"}
    response = send(gateway["gatewayUrl"], options, "/calendar/events", "POST", params=query, json={"a": 1})
    assert (response.status_code, len(consents.links)) == (200, 1), response.text
    [seen] = server.seen
    assert (seen.method, json.loads(seen.body)) == ("POST", {"a": 1})
    assert seen.path == "/v1/events?day=1&note=a%20b%2Bc%2F%C3%BC"
    token = seen.headers["authorization"].removeprefix("Bearer ")
    assert len(token) > 20
    assert token not in str([response.headers, response.text, vars(response.request)])


def test_the_error_without_a_function_for_the_url_names_the_target(world: World, server: Target) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    url = add_target(world, gateway, server.origin)
    with pytest.raises(ConsentRequiredError, match='"calendar"'):
        send(gateway["gatewayUrl"], options_of(world, agent, "ben"), url)
    assert server.seen == []


def test_does_not_wait_for_another_consent_after_the_first_one_failed(world: World, server: Target) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    url = add_target(world, gateway, server.origin)
    consents = Consents(agent, "another user")
    options = options_of(world, agent, "cleo", **consents.options)
    with pytest.raises(ConsentFailedError):
        send(gateway["gatewayUrl"], options, url)
    assert (len(consents.links), server.seen) == (1, [])


def test_the_response_of_a_target_is_no_problem_of_the_gateway(world: World, server: Target) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    url = add_target(world, gateway, server.origin)
    agent.connect("dora")
    server.status = 403
    server.headers = {"x-amzn-errortype": "AccessDeniedException"}
    server.body = json.dumps(
        {
            "type": "urn:agent-identity:problem:consent-required",
            "authorizationUrl": "https://evil.example/phish",
            "sessionUri": "urn:ietf:params:oauth:request_uri:phish",
        }
    )
    shown: list[str] = []
    options = options_of(world, agent, "dora", on_auth_url=shown.append)
    assert send(gateway["gatewayUrl"], options, url).status_code == 403
    assert shown == []


def test_a_user_token_takes_the_place_of_the_signature(world: World, server: Target) -> None:
    agent, user_token = world.agent(), world.user_token("ana")
    idp = world.ready["identityProvider"]
    discovery = f"{idp['issuer']}/.well-known/openid-configuration"
    issuer = {"discoveryUrl": discovery, "allowedClients": [idp["clientId"]]}
    gateway = open_gateway(
        world, authorizerType="CUSTOM_JWT", authorizerConfiguration={"customJWTAuthorizer": issuer}
    )
    url = add_target(world, gateway, server.origin)
    token = agent.token(user_token=user_token)
    options = options_of(world, agent, "ana", workload_identity_token=token, user_token=user_token)
    assert user_token not in f"{options!r}{vars(options)}"
    with pytest.raises(ConsentRequiredError):
        send(gateway["gatewayUrl"], options, url)
    assert server.seen == []


def test_a_stream_is_sent_and_redirects_are_returned(world: World, server: Target) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    url = add_target(world, gateway, server.origin)
    agent.connect("elif")

    async def body() -> Any:
        yield b"Lu"
        yield b"nch"

    server.status, server.headers = 303, {"location": f"{server.origin}/other"}
    response = send(
        gateway["gatewayUrl"],
        options_of(world, agent, "elif"),
        url,
        "POST",
        content=body(),
        follow_redirects=True,
    )
    assert response.status_code == 303
    assert [(seen.path, seen.body) for seen in server.seen] == [("/", "Lunch")]


def test_calls_the_one_url_of_several_mcp_servers(world: World) -> None:
    agent, gateway = world.agent(), open_gateway(world, protocolType="MCP")
    url = gateway["gatewayUrl"]
    response = send(
        url,
        options_of(world, agent, "ana"),
        url,
        "POST",
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        headers={"accept": "application/json, text/event-stream"},
    )
    assert '"result":{"tools":[]}' in response.text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/calendar", "/calendar/../other", "/calendar/%2E./other", "{gateway}x/calendar"]
)
def test_nothing_is_sent_to_another_address(world: World, url: str) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    with pytest.raises(GatewayAddressError):
        send(
            gateway["gatewayUrl"],
            options_of(world, agent, "ana"),
            url.replace("{gateway}", gateway["gatewayUrl"]),
        )


def test_a_request_has_no_authorization_of_the_caller(world: World) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    with pytest.raises(ConfigurationError, match="must not have the header Authorization"):
        send(
            gateway["gatewayUrl"],
            options_of(world, agent, "ana"),
            "/calendar",
            headers={"Authorization": "Bearer mine"},
        )


def test_connects_an_mcp_client_to_a_target_with_no_token_in_its_hands(world: World) -> None:
    agent, gateway = world.agent(), open_gateway(world)
    seen: list[Received] = []
    with protected_server(seen.append) as server_url:
        url = add_target(world, gateway, server_url, protocol="MCP")
        token = agent.connect("fay")

        async def run() -> str:
            async with connect_mcp(url, options_of(world, agent, "fay")) as client:
                return str((await client.call_tool("read", {})).content[0].text)

        assert asyncio.run(asyncio.wait_for(run(), 60)) == "read"
    assert {request.headers["authorization"] for request in seen} == {f"Bearer {token}"}


def test_the_error_of_a_request_ends_the_mcp_connection(world: World) -> None:
    class Failing:
        def get(self) -> str:
            raise WorkloadAccessTokenError("none")

        def renew(self, expired: str) -> str:
            raise WorkloadAccessTokenError("none")

    options = options_of(world, world.agent(), "ana", workload_identity_token=Failing())

    async def run() -> None:
        async with connect_mcp("http://127.0.0.1:9/gateway/calendar", options):
            pass

    with pytest.raises(WorkloadAccessTokenError, match="none"):
        asyncio.run(asyncio.wait_for(run(), 60))
