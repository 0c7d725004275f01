"""Acceptance scenario 2: the AgentCore SDK for Python (PyPI `bedrock-agentcore`), whose decorators get the credentials.

Outside AgentCore Runtime, the decorators create a workload identity and store its name, with a user ID that they
generate, in `.agentcore.json` in the working directory. Therefore, each test has its own directory.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bedrock_agentcore.identity.auth import requires_access_token, requires_api_key
from bedrock_agentcore.runtime import BedrockAgentCoreContext
from bedrock_agentcore.services.identity import IdentityClient, UserIdIdentifier, UserTokenIdentifier

from refusal import refused
from signing import observer
from world import RETURN_URL, Agent, World, query


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert "execute-api" in observer.services


@pytest.fixture
def identity() -> IdentityClient:
    return IdentityClient(os.environ["AWS_REGION"])


def noted() -> dict[str, str]:
    """The content of the decorators' file."""
    return json.loads(Path(".agentcore.json").read_text(encoding="utf-8"))


def test_gets_a_machine_token_with_only_a_provider(world: World) -> None:
    @requires_access_token(provider_name=world.provider_name, scopes=["calendar.read"], auth_flow="M2M")
    def read(*, access_token: str) -> str:
        return access_token

    first = read()
    assert first
    name = noted()["workload_identity_name"]
    # The second call uses the workload identity and the token of the first one.
    assert read() == first
    assert noted()["workload_identity_name"] == name


def test_gets_a_user_grant_outside_the_runtime_after_a_return_url_is_registered(
    world: World, identity: IdentityClient
) -> None:
    seen: list[str] = []

    def consent(url: str) -> None:
        seen.append(url)
        agent = Agent(world, noted()["workload_identity_name"], identity.dp_client)
        back = agent.consent(url)
        identity.complete_resource_token_auth(
            query(back)["session_id"], UserIdIdentifier(user_id=noted()["user_id"])
        )

    @requires_access_token(
        provider_name=world.provider_name,
        scopes=["calendar.read"],
        auth_flow="USER_FEDERATION",
        callback_url=RETURN_URL,
        force_authentication=True,
        on_auth_url=consent,
    )
    async def read(*, access_token: str) -> str:
        return access_token

    with refused("ValidationException", 400) as refusal:
        asyncio.run(read())
    assert "register" in refusal.message
    assert not seen
    identity.update_workload_identity(noted()["workload_identity_name"], [RETURN_URL])
    first = asyncio.run(read())
    # Forced each time, so the SDK asks for consent again, and never gets the stored token.
    assert asyncio.run(read()) != first
    assert len(seen) == 2


def test_uses_the_workload_access_token_of_the_runtime_and_the_user_token(
    world: World, identity: IdentityClient
) -> None:
    name = world.new_name("py-sdk")
    identity.create_workload_identity(name, [RETURN_URL])
    token = identity.get_workload_access_token(name, user_token=world.user_token("ana"))
    agent = Agent(world, name, identity.dp_client)

    def consent(url: str) -> None:
        session_uri = query(agent.consent(url))["session_id"]
        identity.complete_resource_token_auth(
            session_uri, UserTokenIdentifier(user_token=world.user_token("ana"))
        )

    @requires_access_token(
        provider_name=world.provider_name,
        scopes=["calendar.read"],
        auth_flow="USER_FEDERATION",
        callback_url=RETURN_URL,
        on_auth_url=consent,
        custom_state="mine",
    )
    async def read(*, access_token: str) -> str:
        return access_token

    async def on_runtime() -> tuple[str, str]:
        BedrockAgentCoreContext.set_workload_access_token(token["workloadAccessToken"])
        return await read(), await read()

    first, second = asyncio.run(on_runtime())
    assert first == second
    assert not Path(".agentcore.json").exists()


def test_gets_an_api_key(world: World, identity: IdentityClient) -> None:
    name = world.new_name("py-key")
    identity.create_api_key_credential_provider({"name": name, "apiKey": "key-for-the-decorator"})

    @requires_api_key(provider_name=name)
    def call(*, api_key: str) -> str:
        return api_key

    assert call() == "key-for-the-decorator"
