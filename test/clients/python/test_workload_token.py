"""Acceptance scenarios 16 and 18: a workload access token is accepted only unchanged, and only from its owner."""

import base64
import json
from collections.abc import Callable

import pytest

from refusal import refused
from signing import client
from world import Agent, World


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def decoded(part: str) -> dict[str, object]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def for_ben(token: str) -> str:
    header, payload, signature = token.split(".")
    return ".".join((header, encoded(decoded(payload) | {"sub": "user-id:ben"}), signature))


def unsigned(token: str) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'workload-access-token+jwt'})}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    "change",
    [for_ben, unsigned, lambda token: token[:-4], lambda _: "not-a-token"],
    ids=["forged", "unsigned", "truncated", "no token"],
)
def test_rejects_a_changed_token(world: World, change: Callable[[str], str]) -> None:
    agent = world.agent()
    token = change(agent.token(user_id="ana"))
    with refused("UnauthorizedException", 401) as refusal:
        agent.ask(token)
    assert "expired" not in refusal.message


def test_rejects_a_user_token_instead(world: World) -> None:
    with refused("UnauthorizedException", 401):
        world.agent().ask(world.user_token("ana"))


def test_rejects_a_user_token_of_an_unknown_issuer(world: World) -> None:
    header, payload, signature = world.user_token("ana").split(".")
    foreign = ".".join((header, encoded(decoded(payload) | {"iss": "http://127.0.0.1:9"}), signature))
    with refused("UnauthorizedException", 401) as refusal:
        world.agent().token(user_token=foreign)
    assert "expired" not in refusal.message


def test_is_denied_to_another_principal_and_the_audit_log_records_the_attempt(world: World) -> None:
    agent = world.agent()
    token = agent.token(user_id="ana")
    principal = world.ready["principals"]["stranger"]
    stranger = Agent(world, agent.name, client("bedrock-agentcore", principal))
    with refused("AccessDeniedException", 403):
        stranger.token()
    with refused("AccessDeniedException", 403):
        stranger.ask(token)
    entries = [json.loads(line).get("audit", {}) for line in world.audit().splitlines() if '"audit"' in line]
    denied = [
        entry["operation"]
        for entry in entries
        if entry.get("principal") == principal["arn"]
        and entry["outcome"] == "denied"
        and entry.get("workloadIdentity", "").endswith(f"/{agent.name}")
    ]
    assert denied == ["GetWorkloadAccessToken", "GetResourceOauth2Token"]
