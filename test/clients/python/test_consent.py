"""Acceptance scenarios 1, 3, 4, 5, 12, 13, and 14: from a consent link to a grant, with the responses to polls."""

import pytest
import requests

from refusal import refused
from world import World, query


def test_returns_a_credential_after_consent(world: World) -> None:
    agent = world.agent()
    first = agent.ask(agent.token(user_id="ana"))
    assert first["sessionStatus"] == "IN_PROGRESS"
    assert "accessToken" not in first
    assert query(first["authorizationUrl"]) == {"request_uri": first["sessionUri"]}

    back = agent.consent(first["authorizationUrl"])
    assert query(back)["session_id"] != first["sessionUri"]
    agent.complete(back, userId="ana")

    second = agent.ask(agent.token(user_id="ana"), sessionUri=first["sessionUri"])
    assert "authorizationUrl" not in second
    assert agent.ask(agent.token(user_id="ana"))["accessToken"] == second["accessToken"]

    events = requests.get(
        world.ready["calendar"]["eventsUrl"],
        headers={"authorization": f"Bearer {second['accessToken']}"},
        timeout=30,
    )
    assert [event["title"] for event in events.json()["events"]]


def test_returns_a_credential_after_consent_of_a_user_with_a_token(world: World) -> None:
    agent = world.agent()
    token = agent.token(user_token=world.user_token("ana"))
    begun = agent.ask(token)
    back = agent.consent(begun["authorizationUrl"])
    # Another token of the same user is accepted, because only its user is compared.
    agent.complete(back, userToken=world.user_token("ana"))
    assert "accessToken" in agent.ask(token)


@pytest.mark.parametrize("with_session", [True, False], ids=["with sessionUri", "without sessionUri"])
def test_answers_polls_until_the_token_is_available(world: World, with_session: bool) -> None:
    agent = world.agent()
    token = agent.token(user_id="ana")
    begun = agent.ask(token)
    poll = {"sessionUri": begun["sessionUri"]} if with_session else {}

    def pending() -> None:
        answer = agent.ask(token, **poll)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert answer["sessionStatus"] == "IN_PROGRESS"
        assert answer["sessionUri"] == begun["sessionUri"]
        assert "accessToken" not in answer

    pending()
    back = agent.consent(begun["authorizationUrl"])
    pending()
    agent.complete(back, userId="ana")
    assert "accessToken" in agent.ask(token, **poll)


def test_never_returns_the_old_token_after_force_authentication(world: World) -> None:
    agent = world.agent()
    old = agent.connect("ana")
    token = agent.token(user_id="ana")
    begun = agent.ask(token, forceAuthentication=True)
    for poll in ({"sessionUri": begun["sessionUri"]}, {}, {"forceAuthentication": False}):
        answer = agent.ask(token, **poll)
        assert "accessToken" not in answer
        assert answer["sessionUri"] == begun["sessionUri"]
    agent.complete(agent.consent(begun["authorizationUrl"]), userId="ana")
    assert agent.ask(token, sessionUri=begun["sessionUri"])["accessToken"] != old


def test_rejects_completion_before_consent(world: World) -> None:
    agent = world.agent()
    token = agent.token(user_id="ana")
    begun = agent.ask(token)
    with refused("AccessDeniedException", 403) as refusal:
        agent.complete(begun["sessionUri"], userId="ana")
    assert refusal.message == "Invalid or expired session"
    assert "accessToken" not in agent.ask(token)


def test_sets_a_declined_session_to_failed(world: World) -> None:
    agent = world.agent()
    token = agent.token(user_id="ana")
    begun = agent.ask(token)
    agent.consent(begun["authorizationUrl"], decision="deny")
    answer = agent.ask(token, sessionUri=begun["sessionUri"])
    assert answer["sessionStatus"] == "FAILED"
    assert "accessToken" not in answer
    with refused("AccessDeniedException", 403):
        agent.complete(begun["sessionUri"], userId="ana")


def test_returns_the_stored_token_for_subsets_of_its_scopes_and_asks_for_more(world: World) -> None:
    agent = world.agent()
    first = agent.connect("ana", scopes=["openid", "calendar.read"])
    token = agent.token(user_id="ana")
    for subset in (["calendar.read"], ["calendar.read", "openid"], []):
        assert agent.ask(token, scopes=subset)["accessToken"] == first

    wider = agent.ask(token, scopes=["calendar.write"])
    assert "accessToken" not in wider
    assert agent.ask(token, scopes=["calendar.read"])["accessToken"] == first
    agent.complete(agent.consent(wider["authorizationUrl"]), userId="ana")
    everything = agent.ask(token, scopes=["calendar.write", "openid", "calendar.read"])
    assert everything["accessToken"] != first
