"""Acceptance scenarios 8, 9 and 11: a session counts once, for the user and in the browser that began it."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from browser import Browser
from refusal import refused
from world import Agent, World, query

INVALID = "Invalid or expired session"


def with_query(url: str, **changes: str | None) -> str:
    """The URL with some parameters set, or left out where None."""
    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query)) | changes
    kept = {name: value for name, value in parameters.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


def answered(world: World, agent: Agent, browser: Browser) -> tuple[str, str, str]:
    """Consents, and stops before the provider's answer reaches the service.

    :returns: workload access token, session URI, and the address of the answer
    """
    token = agent.token(user_id="ana")
    begun = agent.ask(token)
    callback = f"{world.endpoint}/identities/oauth2/callback/"
    return (
        token,
        begun["sessionUri"],
        agent.consent(begun["authorizationUrl"], until=callback, browser=browser),
    )


def test_lets_no_other_user_complete(world: World) -> None:
    agent = world.agent()
    token = agent.token(user_token=world.user_token("ana"))
    begun = agent.ask(token)
    agent.consent(begun["authorizationUrl"])
    with refused("AccessDeniedException", 403) as refusal:
        agent.complete(begun["sessionUri"], userToken=world.user_token("ben"))
    assert refusal.message == INVALID
    assert "accessToken" not in agent.ask(token)
    agent.complete(begun["sessionUri"], userToken=world.user_token("ana"))
    assert "accessToken" in agent.ask(token)


@pytest.mark.parametrize("begun_by_token", [True, False], ids=["begun by token", "begun by id"])
def test_keeps_user_ids_and_token_users_apart(world: World, begun_by_token: bool) -> None:
    agent = world.agent()
    by_token, by_id = {"userToken": world.user_token("ana")}, {"userId": "ana"}
    right, wrong = (by_token, by_id) if begun_by_token else (by_id, by_token)
    token = agent.token(user_token=by_token["userToken"]) if begun_by_token else agent.token(user_id="ana")
    begun = agent.ask(token)
    agent.consent(begun["authorizationUrl"])
    with refused("AccessDeniedException", 403):
        agent.complete(begun["sessionUri"], **wrong)
    agent.complete(begun["sessionUri"], **right)


def test_completes_once(world: World) -> None:
    agent = world.agent()
    begun = agent.ask(agent.token(user_id="ana"))
    agent.consent(begun["authorizationUrl"])
    agent.complete(begun["sessionUri"], userId="ana")
    with refused("AccessDeniedException", 403) as refusal:
        agent.complete(begun["sessionUri"], userId="ana")
    assert refusal.message == INVALID


def test_takes_a_callback_once(world: World) -> None:
    agent, browser = world.agent(), Browser()
    token, session_uri, answer = answered(world, agent, browser)
    assert browser.step(answer).status_code == 302
    assert browser.step(answer).status_code == 400
    agent.complete(session_uri, userId="ana")
    assert "accessToken" in agent.ask(token)


def test_refuses_an_answer_without_its_state_or_in_another_browser(world: World) -> None:
    agent, browser, another = world.agent(), Browser(), Browser()
    _, session_uri, answer = answered(world, agent, browser)
    _, _, foreign = answered(world, agent=world.agent(), browser=another)
    assert browser.step(with_query(answer, state=None)).status_code == 400
    assert browser.step(with_query(answer, state=query(foreign)["state"])).status_code == 400
    assert Browser().step(answer).status_code == 400
    # None of it has spoilt the session.
    assert browser.step(answer).status_code == 302
    agent.complete(session_uri, userId="ana")


def test_refuses_an_answer_at_another_providers_callback(world: World) -> None:
    agent, browser = world.agent(), Browser()
    _, _, answer = answered(world, agent, browser)
    other = world.credential_provider(world.ready["calendar"])
    assert browser.step(f"{other['callbackUrl']}?{urlsplit(answer).query}").status_code == 400
    assert browser.step(answer).status_code == 302
