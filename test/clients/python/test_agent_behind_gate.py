"""The agent on AWS's Python SDK (`BedrockAgentCoreApp`, examples/python/agent.py) behind its gate, unchanged.

It is invoked as an application does it: plain HTTP with the user's own token. It runs once, for it signs by itself.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from signing import client, observer
from world import World, query

Event = dict[str, Any]


@pytest.fixture
def invocation_url(world: World) -> str:
    return world.ready["pythonAgent"]["invocationUrl"]


def invoke(url: str, token: str | None, question: str = "What is on?", **headers: str) -> requests.Response:
    authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.post(
        url,
        json={"question": question, "state": uuid.uuid4().hex},
        headers={"Accept": "text/event-stream"} | authorization | headers,
        stream=True,
        timeout=60,
    )


def events(response: requests.Response) -> Iterator[Event]:
    """The server-sent events, each as soon as it has come."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    for line in response.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def consent(world: World, event: Event, person: str) -> None:
    """What the person does in the browser, and the application when they come back."""
    assert event["kind"] == "consent"
    agent = world.agent()
    back = query(agent.consent(event["authorizationUrl"], person, until=world.ready["exampleApp"]))
    agent.complete(back["session_id"], userToken=world.user_token(person))


def connect(world: World, url: str, person: str) -> None:
    """Has this person allow the agent, unless they have."""
    for event in events(invoke(url, world.user_token(person))):
        if event["kind"] == "consent":
            consent(world, event, person)


def titles(event: Event) -> list[str]:
    assert event["kind"] == "events"
    return [entry["title"] for entry in event["events"]]


def test_streams_its_link_waits_for_the_consent_and_answers(world: World, invocation_url: str) -> None:
    stream = events(invoke(invocation_url, world.user_token("ana")))
    assert next(stream) == {"kind": "progress", "text": "Asking for access to the calendar"}
    # The link is here while the agent waits: the consent below is what it waits for.
    consent(world, next(stream), "ana")
    assert next(stream) == {"kind": "progress", "text": "Reading the calendar"}
    assert "Orchard planning" in titles(next(stream))
    assert next(stream, None) is None

    # From now on it answers at once.
    again = list(events(invoke(invocation_url, world.user_token("ana"), "And tomorrow?")))
    assert [event["kind"] for event in again] == ["progress", "progress", "events"]
    assert titles(again[-1]) == ["Soil survey review", "Call with the seed library"]
    observer.services.clear()


def test_what_one_user_allowed_it_is_nothing_to_another(world: World, invocation_url: str) -> None:
    stream = events(invoke(invocation_url, world.user_token("ben")))
    next(stream)
    consent(world, next(stream), "ben")
    next(stream)
    assert "Irrigation stand-up" in titles(next(stream))


def test_what_a_user_allowed_it_is_nothing_to_another_agent(world: World) -> None:
    stream = events(invoke(world.ready["agent"]["invocationUrl"], world.user_token("ana")))
    assert [next(stream)["kind"], next(stream)["kind"]] == ["progress", "consent"]


def test_takes_no_call_without_a_good_token(world: World, invocation_url: str) -> None:
    good = world.user_token("ana")
    for token in (None, "x.y.z", f"{good[:-4]}AAAA"):
        answer = invoke(invocation_url, token)
        assert answer.status_code == 401
        assert answer.json()["__type"] == "UnauthorizedException"
        assert "resource_metadata=" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("name", ["WorkloadAccessToken", "X-Amz-Bedrock-AgentCore-Identity-WAT"])
def test_a_workload_token_of_the_callers_own_does_not_reach_it(
    world: World, invocation_url: str, name: str
) -> None:
    connect(world, invocation_url, "ana")
    mine = world.agent().token(user_id="somebody else")
    answer = events(invoke(invocation_url, world.user_token("ana"), **{name: mine}))
    # Ana's events, by the token that the gate got, and no link for another user.
    assert [event["kind"] for event in answer] == ["progress", "progress", "events"]


def test_listens_on_loopback_alone(world: World) -> None:
    url = world.ready["pythonAgent"]["url"]
    assert requests.get(f"{url}/ping", timeout=10).status_code == 200
    # What listens on every address answers there as well, where a machine has that address (Linux).
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{url.replace('127.0.0.1', '127.0.0.2')}/ping", timeout=10)


def test_makes_up_no_identity_when_the_gate_is_passed_by(world: World) -> None:
    control = client("bedrock-agentcore-control")
    before = len(control.list_workload_identities()["workloadIdentities"])
    answer = list(events(invoke(f"{world.ready['pythonAgent']['url']}/invocations", None)))
    assert [event["error"] for event in answer] == [
        "The workload access token is missing. Invoke this agent through its gate."
    ]
    assert len(control.list_workload_identities()["workloadIdentities"]) == before
