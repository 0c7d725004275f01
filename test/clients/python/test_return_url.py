"""The client library says which of its options is missing for a return URL."""

import pytest
from agent_identity_client import AccessTokenOptions, ConfigurationError, get_access_token, identity_client

from world import RETURN_URL, World


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
