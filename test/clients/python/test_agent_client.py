"""An agent calls the gate of another agent with user tokens: both tokens reach this gate, and no other server."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import jwt
import pytest
from agent_identity_client import (
    AgentRedirectError,
    ConfigurationError,
    StaticWorkloadAccessToken,
    WorkloadAccessTokenError,
    agent_client,
    from_gate,
    identity_client,
    workload_access_tokens,
)

from test_calling_agent import HEADER, environment_proxy, server
from world import RETURN_URL, World, update_beyond_aws

TOKEN = StaticWorkloadAccessToken("the-token")


def send(url: str, to: str, method: str = "POST", token: Any = TOKEN, **request: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        async with agent_client(url, token, headers={"Authorization": "Bearer user"}) as client:
            response: httpx.Response = await client.request(method, to, **request)
            return response

    return asyncio.run(run())


def test_both_tokens_are_sent_in_place_of_a_token_of_the_caller() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        yield b"}"

    with server() as (url, seen):
        assert send(url, f"{url}/x?y=1", headers={HEADER: "of the caller"}, json={}).status_code == 200
        assert send(f"{url}/runtimes/a/invocations", f"{url}/x", content=b"{}").status_code == 200
    assert [headers.get_all(HEADER) for headers in seen] == [["the-token"], ["the-token"]]
    assert [headers["authorization"] for headers in seen] == ["Bearer user", "Bearer user"]


@pytest.mark.parametrize("follow_redirects", [False, True])
def test_nothing_is_sent_to_another_origin_and_no_redirect_is_followed(follow_redirects: bool) -> None:
    with server() as (other, stolen), server(location=f"{other}/stolen") as (url, seen):
        with pytest.raises(AgentRedirectError):
            send(url, other)
        assert seen == []
        with pytest.raises(AgentRedirectError):
            send(url, url, follow_redirects=follow_redirects)
        assert len(seen) == 1
        assert stolen == []


@pytest.mark.parametrize("url", ["http://agents.example/x", "https://user:secret@agents.example", "agents.example", None])
def test_an_address_to_which_a_token_must_not_be_sent_is_rejected(url: Any) -> None:
    with pytest.raises(ConfigurationError, match="The URL of the agent must be an https URL"):
        agent_client(url, TOKEN)


@pytest.mark.parametrize("options", [{}, {"trust_env": True}])
def test_a_proxy_of_the_environment_gets_nothing_for_an_agent_on_loopback(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    async def run(url: str) -> None:
        async with agent_client(url, TOKEN, headers={"Authorization": "Bearer user"}, **options) as client:
            assert (await client.post(url)).status_code == 200

    with server() as (url, seen), environment_proxy(monkeypatch) as proxied:
        asyncio.run(run(url))
    assert (len(seen), proxied) == (1, [])


def test_a_proxy_of_the_program_is_used_for_an_agent_on_loopback() -> None:
    async def run(url: str, proxy: str) -> None:
        async with agent_client(url, TOKEN, proxy=proxy) as client:
            await client.post(url)

    with server() as (url, seen), server() as (proxy, proxied):
        asyncio.run(run(url, proxy))
    assert (seen, len(proxied)) == ([], 1)


def test_a_proxy_of_the_environment_is_used_for_an_agent_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with environment_proxy(monkeypatch):
        # The proxy of this test does not know the method.
        with pytest.raises(httpx.ProxyError, match="501"):
            send("https://agents.example", "https://agents.example")


def test_all_that_the_gate_sends_is_no_token() -> None:
    given: Any = from_gate({"WorkloadAccessToken": "the-token"})
    with pytest.raises(ConfigurationError, match="`workload_identity_token` of agent_client"):
        agent_client("https://agents.example", given)


def test_an_error_of_the_source_of_the_token_ends_the_request() -> None:
    class Failing:
        def get(self) -> str:
            raise WorkloadAccessTokenError("none")

        def renew(self, expired: str) -> str:
            raise WorkloadAccessTokenError("none")

    with server() as (url, seen):
        with pytest.raises(WorkloadAccessTokenError, match="none"):
            send(url, url, token=Failing())
        assert seen == []


@pytest.mark.parametrize("token", ["SECRET\n", " SECRET", "SEC\x00RET", "SECR\u00e9T"])
def test_an_error_about_a_token_does_not_repeat_it(token: str) -> None:
    with server() as (url, seen):
        with pytest.raises(ConfigurationError, match="^The workload access token contains"):
            send(url, url, token=token)
        assert seen == []


@contextmanager
def allowed_to_call(world: World, caller: str, user_token: str) -> Iterator[None]:
    """Lists the caller at the workload identity of the called agent, by a member that boto3 does not have."""
    audience = jwt.decode(user_token, options={"verify_signature": False})["aud"]
    called = world.ready["pythonAgent"]
    authorizer = {
        "discoveryUrl": f"{world.ready['identityProvider']['issuer']}/.well-known/openid-configuration",
        "allowedAudience": [audience] if isinstance(audience, str) else audience,
        "allowedWorkloadConfiguration": {"workloadIdentities": [caller]},
    }

    def update(members: dict[str, Any]) -> None:
        update_beyond_aws(called["workloadName"], [called["returnUrl"]], members)

    update({"authorizerConfiguration": {"customJWTAuthorizer": authorizer}})
    try:
        yield
    finally:
        update({})


def test_the_gate_of_an_agent_accepts_the_agents_that_its_owner_lists(world: World) -> None:
    url = world.ready["pythonAgent"]["invocationUrl"]
    user_token = world.user_token("ana")
    agent = world.agent([RETURN_URL])
    service = identity_client(world.endpoint, world.ready["region"])
    tokens = workload_access_tokens(service, agent.name, user_token=user_token)

    async def first_line(token: Any) -> tuple[int, str]:
        authorization = {"Authorization": f"Bearer {user_token}", "Accept": "text/event-stream"}
        question = {"question": "What is on?", "state": uuid.uuid4().hex}
        async with agent_client(url, token, headers=authorization, timeout=60) as client:
            async with client.stream("POST", url, json=question) as response:
                async for line in response.aiter_lines():
                    return response.status_code, line
        raise AssertionError("the response is empty")

    status, line = asyncio.run(first_line(tokens))
    assert status == 403, line
    with allowed_to_call(world, agent.name, user_token):
        status, line = asyncio.run(first_line(tokens))
        assert status == 200 and line.startswith("data: "), line
        # Without its signature, the token is that of no agent.
        status, line = asyncio.run(first_line(tokens.get()[:-4] + "AAAA"))
        assert status in (401, 403), line
