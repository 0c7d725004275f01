"""Acceptance scenarios 6 and 7: the return URL must match a registered one exactly, and returns custom state."""

import pytest
from agent_identity_client import AccessTokenOptions, ConfigurationError, get_access_token, identity_client

from refusal import refused
from world import RETURN_URL, World, query


@pytest.mark.parametrize(
    "return_url",
    [
        "http://127.0.0.1:9/connected",
        "http://127.0.0.1:9/Connected?from=test",
        f"{RETURN_URL}/",
        f"{RETURN_URL}&more=1",
    ],
    ids=["a prefix", "a change of case", "a trailing slash", "an added query"],
)
def test_rejects_an_unregistered_return_url(world: World, return_url: str) -> None:
    agent = world.agent()
    with refused("ValidationException", 400) as refusal:
        agent.ask(agent.token(user_id="ana"), resourceOauth2ReturnUrl=return_url)
    assert "not registered" in refusal.message
    assert refusal.answer["reason"] == "FieldValidationFailed"


def test_rejects_a_missing_return_url(world: World) -> None:
    agent = world.agent()
    with refused("ValidationException", 400) as refusal:
        agent.data.get_resource_oauth2_token(
            workloadIdentityToken=agent.token(user_id="ana"),
            resourceCredentialProviderName=world.provider_name,
            scopes=["calendar.read"],
            oauth2Flow="USER_FEDERATION",
        )
    assert refusal.message == "You must provide a ResourceOauth2ReturnUrl to proceed with this flow"


def test_explains_that_no_return_url_is_registered(world: World) -> None:
    agent = world.agent(return_urls=[])
    with refused("ValidationException", 400) as refusal:
        agent.ask(agent.token(user_id="ana"))
    assert refusal.message == (
        "You must register and use at least one ResourceOauth2ReturnUrl "
        "on your workload identity to use this flow"
    )


def test_returns_custom_state_unchanged_and_keeps_the_existing_query(world: World) -> None:
    agent = world.agent()
    state = 'a b&c=d#e?f/ü"%25+'
    begun = agent.ask(agent.token(user_id="ana"), customState=state)
    back = query(agent.consent(begun["authorizationUrl"]))
    session_id = back.pop("session_id")
    assert session_id.startswith("urn:ietf:params:oauth:request_uri:")
    assert session_id != begun["sessionUri"]
    assert back == {"from": "test", "state": state}


@pytest.mark.parametrize("return_urls", [[RETURN_URL], []], ids=["registered", "none registered"])
def test_client_names_its_option_for_a_missing_return_url(world: World, return_urls: list[str]) -> None:
    options = AccessTokenOptions(
        identity=identity_client(world.endpoint, world.ready["region"]),
        workload_identity_token=world.agent(return_urls=return_urls).token(user_id="ana"),
        provider_name=world.provider_name,
        scopes=["calendar.read"],
        auth_flow="USER_FEDERATION",
        callback_url=None,
    )
    with pytest.raises(ConfigurationError, match="Pass `callback_url`"):
        get_access_token(options)
