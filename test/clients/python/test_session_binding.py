"""Acceptance scenarios 8, 9, and 11: a session works once, for the user and in the browser that began it."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from browser import Browser
from refusal import refused
from world import Agent, World, query

INVALID = "Invalid or expired session"


def with_query(url: str, **changes: str | None) -> str:
    """The URL with changed parameters; None removes one."""
    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query)) | changes
    kept = {name: value for name, value in parameters.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


def answered(world: World, agent: Agent, browser: Browser) -> tuple[str, str]:
    """Consents, and stops before the provider's response reaches the service.

    :returns: workload access token, and the URL of the response
    """
    token = agent.token(user_id="ana")
    begun = agent.ask(token)
    callback = f"{world.endpoint}/identities/oauth2/callback/"
    return (
        token,
        agent.consent(begun["authorizationUrl"], until=callback, browser=browser),
    )


def test_ends_the_session_for_another_user_so_that_the_sender_of_the_link_gets_nothing(world: World) -> None:
    agent = world.agent()
    token = agent.token(user_token=world.user_token("ana"))
    begun = agent.ask(token)
    back = agent.consent(begun["authorizationUrl"])
    with refused("AccessDeniedException", 403) as refusal:
        agent.complete(back, userToken=world.user_token("ben"))
    assert refusal.message == INVALID
    for uri in (begun["sessionUri"], back):
        with refused("AccessDeniedException", 403) as refusal:
            agent.complete(uri, userToken=world.user_token("ana"))
        assert refusal.message == INVALID
    assert agent.ask(token, sessionUri=begun["sessionUri"])["sessionStatus"] == "FAILED"
    assert "accessToken" not in agent.ask(token)


@pytest.mark.parametrize("begun_by_token", [True, False], ids=["begun by token", "begun by user ID"])
def test_distinguishes_user_ids_from_subjects_of_user_tokens(world: World, begun_by_token: bool) -> None:
    agent = world.agent()
    by_token, by_id = {"userToken": world.user_token("ana")}, {"userId": "ana"}
    right, wrong = (by_token, by_id) if begun_by_token else (by_id, by_token)
    token = agent.token(user_token=by_token["userToken"]) if begun_by_token else agent.token(user_id="ana")
    with refused("AccessDeniedException", 403):
        agent.complete(agent.consent(agent.ask(token)["authorizationUrl"]), **wrong)
    agent.complete(agent.consent(agent.ask(token)["authorizationUrl"]), **right)


def test_completes_a_session_only_once(world: World) -> None:
    agent = world.agent()
    begun = agent.ask(agent.token(user_id="ana"))
    back = agent.consent(begun["authorizationUrl"])
    agent.complete(back, userId="ana")
    with refused("AccessDeniedException", 403) as refusal:
        agent.complete(back, userId="ana")
    assert refusal.message == INVALID


def test_accepts_a_callback_only_once(world: World) -> None:
    agent, browser = world.agent(), Browser()
    token, answer = answered(world, agent, browser)
    back = browser.step(answer)
    assert back.status_code == 302
    assert browser.step(answer).status_code == 409
    agent.complete(back.headers["location"], userId="ana")
    assert "accessToken" in agent.ask(token)


def test_rejects_a_response_without_its_state_or_in_another_browser(world: World) -> None:
    agent, browser, another = world.agent(), Browser(), Browser()
    _, answer = answered(world, agent, browser)
    _, foreign = answered(world, agent=world.agent(), browser=another)
    assert browser.step(with_query(answer, state=None)).status_code == 400
    assert browser.step(with_query(answer, state=query(foreign)["state"])).status_code == 400
    assert Browser().step(answer).status_code == 400
    # The session is still valid.
    back = browser.step(answer)
    assert back.status_code == 302
    agent.complete(back.headers["location"], userId="ana")


def test_rejects_a_response_at_another_providers_callback(world: World) -> None:
    agent, browser = world.agent(), Browser()
    _, answer = answered(world, agent, browser)
    other = world.credential_provider(world.ready["calendar"])
    assert browser.step(f"{other['callbackUrl']}?{urlsplit(answer).query}").status_code == 400
    assert browser.step(answer).status_code == 302
