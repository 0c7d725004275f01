"""Acceptance scenario 1 with boto3: from a consent link to a grant. test/flows has the rules of sessions."""

import requests

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
