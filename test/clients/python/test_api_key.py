"""API keys with boto3."""

from refusal import refused
from signing import client
from world import World


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
