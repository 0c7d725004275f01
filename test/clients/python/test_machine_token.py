"""Client credentials: the agent's own token, its cache, and the provider's error code."""

from refusal import refused
from world import World


def test_is_cached_and_needs_no_user(world: World) -> None:
    agent = world.agent(return_urls=[])
    token = agent.token()
    first = agent.ask(token, oauth2Flow="M2M")
    assert agent.ask(token, oauth2Flow="M2M")["accessToken"] == first["accessToken"]


def test_is_not_returned_for_a_request_for_a_user(world: World) -> None:
    agent = world.agent()
    with refused("ValidationException", 400) as refusal:
        agent.ask(agent.token(), oauth2Flow="USER_FEDERATION")
    assert "names no user" in refusal.message


def test_error_contains_the_providers_error_code(world: World) -> None:
    wrong = world.ready["calendar"] | {"clientSecret": "not-the-secret-of-this-client"}
    agent, provider = world.agent(), world.credential_provider(wrong)
    with refused("ValidationException", 400) as refusal:
        agent.ask(agent.token(), oauth2Flow="M2M", resourceCredentialProviderName=provider["name"])
    assert "invalid_client" in refusal.message
    assert "not-the-secret" not in str(refusal.answer)
