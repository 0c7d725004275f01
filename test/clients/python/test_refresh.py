"""Acceptance scenario 15: an expired token is refreshed without the user; a permanent rejection requires consent."""

import json
import os
import time

from browser import Browser
from world import Agent, World

PATIENCE = 60
"""Seconds until the test stops waiting for a refresh."""


def connect(agent: Agent, token: str, ask: dict[str, object]) -> str:
    begun = agent.ask(token, **ask)
    answers = {"login": "ana", "password": "any"}
    back = Browser().walk(begun["authorizationUrl"], answers, "http://127.0.0.1:9/").url
    agent.complete(back, userId="ana")
    return agent.ask(token, **ask)["accessToken"]


def test_refreshes_a_token_and_asks_for_consent_when_the_refresh_is_rejected(world: World) -> None:
    provider = json.loads(os.environ["SHORT_LIVED_PROVIDER"])
    agent = world.agent()
    token = agent.token(user_id="ana")
    ask = {
        "resourceCredentialProviderName": world.credential_provider(provider)["name"],
        "scopes": ["openid"],
    }
    first = connect(agent, token, ask)

    deadline = time.monotonic() + PATIENCE
    answer = agent.ask(token, **ask)
    while answer["accessToken"] == first and time.monotonic() < deadline:
        time.sleep(0.5)
        answer = agent.ask(token, **ask)
        assert "authorizationUrl" not in answer
    assert answer["accessToken"] != first

    # No consent is needed while the refresh token is valid.
    time.sleep(provider["refreshTokenSeconds"] + 1)
    ended = agent.ask(token, **ask)
    assert ended["sessionStatus"] == "IN_PROGRESS"
    assert "authorizationUrl" in ended
    assert "accessToken" not in ended
