"""API keys: stored in the vault, and returned only to agents of the same owner."""

from refusal import refused
from signing import client
from world import Agent, World


def test_returns_the_key_to_the_agent_and_the_new_one_after_a_change(world: World) -> None:
    control, agent = client("bedrock-agentcore-control"), world.agent()
    name = world.new_name("py-key")
    control.create_api_key_credential_provider(name=name, apiKey="the-first-key")

    def key() -> str:
        answer = agent.data.get_resource_api_key(
            workloadIdentityToken=agent.token(), resourceCredentialProviderName=name
        )
        return answer["apiKey"]

    assert key() == "the-first-key"
    control.update_api_key_credential_provider(name=name, apiKey="the-second-key")
    assert key() == "the-second-key"
    control.delete_api_key_credential_provider(name=name)
    with refused("ResourceNotFoundException", 404):
        key()


def test_does_not_return_it_to_an_agent_of_another_owner(world: World) -> None:
    name = world.new_name("py-key")
    client("bedrock-agentcore-control").create_api_key_credential_provider(name=name, apiKey="not-for-you")
    theirs: Agent = world.agent(principal="stranger")
    with refused("AccessDeniedException", 403):
        theirs.data.get_resource_api_key(
            workloadIdentityToken=theirs.token(), resourceCredentialProviderName=name
        )
