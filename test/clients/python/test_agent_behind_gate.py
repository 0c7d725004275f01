"""The agent on the AgentCore SDK for Python (`BedrockAgentCoreApp`, examples/python/agent.py) behind its gate.

It is invoked as an application does: over plain HTTP with the user token. It runs once, because it signs by itself.
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
    """Yields each server-sent event when it arrives."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    for line in response.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def consent(world: World, event: Event, person: str) -> None:
    """The user's steps in the browser, and the application's completion."""
    assert event["kind"] == "consent"
    agent = world.agent()
    back = query(agent.consent(event["authorizationUrl"], person, until=world.ready["exampleApp"]))
    agent.complete(back["session_id"], userToken=world.user_token(person))


def connect(world: World, url: str, person: str) -> None:
    """Lets this user allow the agent, unless the user has done so."""
    for event in events(invoke(url, world.user_token(person))):
        if event["kind"] == "consent":
            consent(world, event, person)


def titles(event: Event) -> list[str]:
    assert event["kind"] == "events"
    return [entry["title"] for entry in event["events"]]


def test_streams_its_link_waits_for_consent_and_answers(world: World, invocation_url: str) -> None:
    stream = events(invoke(invocation_url, world.user_token("ana")))
    assert next(stream) == {"kind": "progress", "text": "Asking for access to the calendar"}
    # The link arrives while the agent waits for the consent below.
    consent(world, next(stream), "ana")
    assert next(stream) == {"kind": "progress", "text": "Reading the calendar"}
    assert "Orchard planning" in titles(list(stream)[-1])

    # From now on, it answers without waiting.
    again = list(events(invoke(invocation_url, world.user_token("ana"), "And tomorrow?")))
    assert {event["kind"] for event in again} == {"progress", "events"}
    assert titles(again[-1]) == ["Soil survey review", "Call with the seed library"]
    observer.services.clear()


def test_does_not_use_one_users_grant_for_another_user(world: World, invocation_url: str) -> None:
    stream = events(invoke(invocation_url, world.user_token("ben")))
    next(stream)
    consent(world, next(stream), "ben")
    assert "Irrigation stand-up" in titles(list(stream)[-1])


def test_does_not_use_a_grant_for_another_agent(world: World) -> None:
    stream = events(invoke(world.ready["agent"]["invocationUrl"], world.user_token("ana")))
    assert [next(stream)["kind"], next(stream)["kind"]] == ["progress", "consent"]


def test_does_not_receive_a_callers_own_workload_access_token(world: World, invocation_url: str) -> None:
    connect(world, invocation_url, "ana")
    mine = world.agent().token(user_id="another-user")
    answer = events(invoke(invocation_url, world.user_token("ana"), WorkloadAccessToken=mine))
    # Ana's events with the token from the gate, and no link for another user.
    assert [event["kind"] for event in answer] == ["progress", "progress", "events"]


def test_listens_only_on_loopback(world: World) -> None:
    url = world.ready["pythonAgent"]["url"]
    assert requests.get(f"{url}/ping", timeout=10).status_code == 200
    # A server that listens on every address would respond there too, if the machine has the address (Linux).
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{url.replace('127.0.0.1', '127.0.0.2')}/ping", timeout=10)


def test_creates_no_workload_identity_when_it_is_called_without_the_gate(world: World) -> None:
    control = client("bedrock-agentcore-control")
    before = len(control.list_workload_identities()["workloadIdentities"])
    answer = list(events(invoke(f"{world.ready['pythonAgent']['url']}/invocations", None)))
    assert [event["error"] for event in answer] == [
        "The workload access token is missing. Invoke this agent through its gate."
    ]
    assert len(control.list_workload_identities()["workloadIdentities"]) == before
