"""agent_identity_client.mcp.connect_mcp: a client of `mcp` 1.x and 2.x with an access token from the vault."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from agent_identity_client import (
    AccessTokenOptions,
    ConfigurationError,
    ConsentRequiredError,
    McpRedirectError,
    ReplacementTokenRejectedError,
    authorized_client,
    identity_client,
    workload_access_tokens,
)
from agent_identity_client._authorization import Authorization, missing_scopes
from agent_identity_client._challenges import challenges_in
from agent_identity_client.mcp import connect_mcp
from mcp_servers import MCP_LINE, Received, Refusal, protected_server
from test_calling_agent import environment_proxy
from world import RETURN_URL, Agent, World


class Server:
    """The protected server, as its owner has set it up."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[str] = []
        self.refused: set[str] = set()
        self.intercept: list[Refusal] = []
        self.moved_to: str | None = None
        """Redirects every request after the one that initializes the connection."""
        self.write_needs: set[str] = set()
        """Tokens that have the scope for `write`; a token that was challenged is not one of them."""

    def check(self, request: Received) -> Refusal:
        body, token = request.body, request.headers.get("authorization", "").removeprefix("Bearer ")
        self.seen.append(token)
        if self.intercept:
            return self.intercept[0] if len(self.intercept) == 1 else self.intercept.pop(0)
        if self.moved_to and '"initialize"' not in body:
            return 307, {"location": self.moved_to}
        if not token or token in self.refused:
            return 401, {"www-authenticate": 'Bearer error="invalid_token"'}
        if '"write"' in body and self.write_needs and token in self.write_needs:
            return 403, {"www-authenticate": 'Bearer error="insufficient_scope", scope="calendar.write"'}
        return None


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    with protected_server(found.check) as url:
        found.url = url
        yield found


def options_of(world: World, agent: Agent, user_id: str, **more: Any) -> AccessTokenOptions:
    identity = identity_client(world.endpoint, world.ready["region"])
    usual = {
        "identity": identity,
        "workload_identity_token": workload_access_tokens(identity, agent.name, user_id=user_id),
        "callback_url": RETURN_URL,
        "provider_name": world.provider_name,
        "scopes": ["calendar.read"],
        "auth_flow": "USER_FEDERATION",
    }
    return AccessTokenOptions(**(usual | more))


class Consents:
    """A clock whose waits are consents of the user."""

    def __init__(self, agent: Agent, user_id: str) -> None:
        self.links: list[str] = []
        self._agent, self._user_id, self._now = agent, user_id, 0.0

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float, cancelled: Any) -> None:
        raise AssertionError("the event loop is not blocked")

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
        back = await asyncio.to_thread(self._agent.consent, self.links[-1])
        await asyncio.to_thread(self._agent.complete, back, userId=self._user_id)

    @property
    def options(self) -> dict[str, Any]:
        return {"clock": self, "on_auth_url": self.links.append}


def call(url: str, options: AccessTokenOptions, *tools: str, **more: Any) -> list[str]:
    async def run() -> list[str]:
        async with connect_mcp(url, options, **more) as client:
            return [(await client.call_tool(tool, {})).content[0].text for tool in tools]

    return asyncio.run(asyncio.wait_for(run(), 60))


def get(url: str, options: AccessTokenOptions) -> None:
    async def run() -> None:
        async with authorized_client(url, options) as client:
            await client.get(url)

    asyncio.run(run())


def test_calls_a_protected_server_after_the_consent(world: World, server: Server) -> None:
    agent = world.agent()
    consents = Consents(agent, "ana")
    assert call(server.url, options_of(world, agent, "ana", **consents.options), "read", "write") == ["read", "write"]
    assert len(consents.links) == 1
    assert call(server.url, options_of(world, agent, "ana"), "read") == ["read"]


def test_a_proxy_of_the_environment_gets_no_token_for_a_server_on_loopback(
    world: World, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = world.agent()
    token = agent.connect("ana")
    with environment_proxy(monkeypatch) as proxied:
        # The client of the identity service is made here, too.
        options = options_of(world, agent, "ana")
        assert call(server.url, options, "read") == ["read"]
        with protected_server(server.check) as resource:
            get(resource, options)
    assert (set(server.seen), proxied) == ({token}, [])


def test_raises_the_consent_error_without_a_request_to_the_server(world: World, server: Server) -> None:
    with pytest.raises(ConsentRequiredError):
        call(server.url, options_of(world, world.agent(), "ben"), "read")
    assert server.seen == []


def test_replaces_a_rejected_token_once(world: World, server: Server) -> None:
    agent = world.agent()
    old = agent.connect("cleo")
    server.refused.add(old)
    consents = Consents(agent, "cleo")
    assert call(server.url, options_of(world, agent, "cleo", **consents.options), "read") == ["read"]
    assert server.seen[0] == old and server.seen[-1] != old


def test_stops_after_the_second_rejection(world: World, server: Server) -> None:
    agent = world.agent()
    agent.connect("dora")
    server.intercept = [(401, {})]
    with pytest.raises(ReplacementTokenRejectedError):
        call(server.url, options_of(world, agent, "dora", **Consents(agent, "dora").options), "read")
    assert len(server.seen) == 2


def test_asks_for_the_union_of_the_scopes_once(world: World, server: Server) -> None:
    agent = world.agent()
    server.write_needs.add(agent.connect("eve"))
    consents = Consents(agent, "eve")
    assert call(server.url, options_of(world, agent, "eve", **consents.options), "write", "write") == ["write"] * 2
    assert len(consents.links) == 1
    both = ["calendar.read", "calendar.write"]
    assert agent.ask(agent.token(user_id="eve"), scopes=both)["accessToken"] == server.seen[-1]


def test_raises_the_consent_error_for_more_scopes_out_of_the_connection(world: World, server: Server) -> None:
    agent = world.agent()
    server.write_needs.add(agent.connect("fay"))
    with pytest.raises(ConsentRequiredError):
        call(server.url, options_of(world, agent, "fay"), "write")


def test_asks_once_if_the_server_needs_other_scopes_each_time(world: World, server: Server) -> None:
    agent = world.agent()
    agent.connect("gus")
    consents = Consents(agent, "gus")
    server.intercept = [
        (403, {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'})
        for scope in ("calendar.write", "other")
    ]
    # Without the request by which a client of mcp 2.x negotiates the protocol version.
    one_request = {"mode": "legacy"} if MCP_LINE == 2 else {}
    with pytest.raises(BaseException):  # noqa: B017, PT011
        call(server.url, options_of(world, agent, "gus", **consents.options), "read", **one_request)
    assert [len(server.seen), len(consents.links)] == [2, 1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_no_redirect(world: World, server: Server, status: int) -> None:
    agent = world.agent()
    agent.connect("hal")
    stolen = Server()
    with protected_server(stolen.check) as other:
        server.intercept = [(status, {"location": other})]
        with pytest.raises(McpRedirectError):
            call(server.url, options_of(world, agent, "hal"), "read")
    assert stolen.seen == []


def test_reports_a_redirect_after_the_connection_was_initialized(world: World, server: Server) -> None:
    agent = world.agent()
    agent.connect("hal")
    stolen = Server()
    with protected_server(stolen.check) as other:
        server.moved_to = other
        with pytest.raises(McpRedirectError):
            call(server.url, options_of(world, agent, "hal"), "read")
    assert stolen.seen == []


def test_asks_for_scopes_up_to_a_limit_on_one_connection(world: World, server: Server) -> None:
    agent = world.agent()
    agent.connect("ida")
    options = options_of(world, agent, "ida")
    authorization = Authorization(server.url, options, replacements=1, step_ups=3, redirected=McpRedirectError)

    async def outcome_of_challenge(scope: str) -> type[Exception]:
        flow = authorization.flow(SimpleNamespace(url=server.url, headers={}))
        await flow.asend(None)
        challenge = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        with pytest.raises((ConsentRequiredError, StopAsyncIteration)) as raised:
            await flow.asend(SimpleNamespace(status_code=403, headers=challenge))
        return raised.type

    outcomes = [asyncio.run(outcome_of_challenge(f"more-{number}")) for number in range(4)]
    assert outcomes == [ConsentRequiredError] * 3 + [StopAsyncIteration]


def test_sends_the_token_of_a_provider_to_its_own_server_alone(world: World, server: Server) -> None:
    calendar = world.ready["calendar"]

    class Metadata(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = {"resource": resource, "authorization_servers": [calendar["issuer"]]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as notes:
        origin = f"http://127.0.0.1:{notes.server_port}"
        resource = f"{origin}/mcp"
        threading.Thread(target=notes.serve_forever, daemon=True).start()
        discovery_url = f"{origin}/.well-known/oauth-protected-resource/mcp"
        provider = world.credential_provider(calendar | {"discoveryUrl": discovery_url})
        options = options_of(world, world.agent(), "jon", provider_name=provider["name"])
        with pytest.raises(ClientError, match=f"resourceServerUrl: must be {resource}, or below it"):
            call(server.url, options, "read")
        with pytest.raises(ClientError, match=f"resourceServerUrl: must be {resource}, or below it"):
            get(server.url, options)
        with pytest.raises(ConsentRequiredError):
            call(resource, options, "read")
        with pytest.raises(ConsentRequiredError):
            get(resource, options)
        notes.shutdown()
    assert server.seen == []


@pytest.mark.parametrize(
    "url",
    ["http://mcp.example/mcp", "ftp://127.0.0.1/mcp", "https://a:b@mcp.example/mcp", "http://127.0.0.1.evil.example/", ""],
)
def test_rejects_an_address_to_which_no_token_is_sent(world: World, url: str) -> None:
    with pytest.raises(ConfigurationError):
        call(url, options_of(world, world.agent(), "ivy"), "read")


@pytest.mark.parametrize(
    ("challenge", "scopes"),
    [
        ('Bearer error="insufficient_scope", scope="a b c"', ["b", "c"]),
        ("bearer scope=b, error=insufficient_scope", ["b"]),
        ('DPoP algs="ES256", error="insufficient_scope", scope="b"', ["b"]),
        ('DPoP algs="ES256", Bearer error="insufficient_scope", scope="b b"', ["b"]),
        ('Bearer error="insufficient_scope", scope="a"', []),
        ('Bearer error="insufficient_scope"', []),
        ('Bearer error="invalid_token", scope="b"', []),
        ('Basic error="insufficient_scope", scope="b"', []),
        ('Negotiate YQ==, Bearer error="insufficient_scope", scope=b', ["b"]),
        ('Bearer error="invalid_token", scope="b", DPoP error="insufficient_scope", scope="c"', ["c"]),
        ('Bearer realm="DPoP error=insufficient_scope, scope=b"', []),
        ('Bearer error="insufficient_scope", scope="b', ["b"]),
        ('Bearer error = "insufficient\\_scope" , scope = "b"', ["b"]),
        ('Bearer error="insufficient_scope", scope="b\\"c"', []),
        (f'Bearer error="insufficient_scope", scope="{"b" * 9000}"', []),
        (f'Bearer error="insufficient_scope", scope="{" ".join(map(str, range(101)))}"', []),
    ],
)
def test_reads_the_scopes_of_a_challenge(challenge: str, scopes: list[str]) -> None:
    assert missing_scopes(403, challenge, ["a"]) == scopes
    assert missing_scopes(401, challenge, ["a"]) == []


class CountedText(str):
    """Counts how often a character is read."""

    reads = 0

    def __getitem__(self, at: Any) -> str:
        self.reads += 1
        return super().__getitem__(at)


@pytest.mark.parametrize("part", ["a", "a ", 'a=" ', '"', 'a="\\', "DPoP error ", ", "])
def test_reads_each_character_of_a_challenge_once(part: str) -> None:
    text = CountedText(("DPoP " + part * 8192)[:8192])
    challenges_in(text)
    assert text.reads == 8192
    longer = CountedText(text + "a")
    challenges_in(longer)
    assert longer.reads == 0
