"""boto3 puts an agent behind a gateway (`http.agentcoreRuntime`), and invokes it there (`InvokeAgentRuntime`)."""

import json
from typing import Any

import boto3
import jwt
import pytest
from agent_identity_client import identity_client, invoke_agent
from botocore import UNSIGNED
from botocore.config import Config

from refusal import refused
from signing import client
from world import RETURN_URL, Agent, World, update_beyond_aws

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/gateway"
"""Also the role of the function of the gateways, which gets the tokens of agents."""
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo"
"""It responds with the event that it received."""
SESSION = "session-0123456789-0123456789-0123456789"


@pytest.fixture(scope="module")
def control() -> Any:
    return client("bedrock-agentcore-control")


def issuer_of(world: World, callers: list[str] | None = None) -> dict[str, Any]:
    """An authorizer for the users of the identity provider.

    :param callers: workload identities that can call
    """
    idp = world.ready["identityProvider"]
    authorizer = {
        "discoveryUrl": f"{idp['issuer']}/.well-known/openid-configuration",
        "allowedAudience": [idp["audience"]],
    }
    allowed = {"allowedWorkloadConfiguration": {"workloadIdentities": callers}} if callers else {}
    return {"customJWTAuthorizer": authorizer | allowed}


def called_agent(world: World, control: Any) -> Agent:
    """An agent whose tokens the function of the gateways can get."""
    agent = world.agent()
    arn = control.get_workload_identity(name=agent.name)["workloadIdentityArn"]
    operations = ("GetWorkloadAccessTokenForJWT", "GetWorkloadAccessTokenForUserId")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": [f"bedrock-agentcore:{operation}" for operation in operations],
        "Resource": arn,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    control.put_resource_policy(resourceArn=arn, policy=json.dumps(policy))
    return agent


def open_gateway(world: World, control: Any, **members: Any) -> Any:
    return control.create_gateway(name=world.new_name("py-agents"), roleArn=ROLE, **members)


def add_agent(control: Any, gateway: Any, agent: Agent) -> str:
    """Puts the function behind the gateway as this agent. Returns the URL of the target."""
    configuration = {"http": {"agentcoreRuntime": {"arn": FUNCTION}}}
    named = {"gatewayIdentifier": gateway["gatewayId"]}
    created = control.create_gateway_target(
        **named, name=agent.name, description="Echo", targetConfiguration=configuration
    )
    assert created["status"] == "READY"
    read = control.get_gateway_target(**named, targetId=created["targetId"])
    assert read["targetConfiguration"]["http"]["agentcoreRuntime"]["arn"] == FUNCTION
    return f"{gateway['gatewayUrl']}/{agent.name}"


def with_user_token(url: str, token: str) -> Any:
    """A client that sends a user token in the place of a signature, as docs/gateways.md says."""
    # Another session than the default one, whose clients have to sign in these tests.
    made = boto3.Session().client(
        "bedrock-agentcore", endpoint_url=url, config=Config(signature_version=UNSIGNED)
    )

    def send_token(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["Authorization"] = f"Bearer {token}"

    made.meta.events.register("before-call.bedrock-agentcore.InvokeAgentRuntime", send_token)
    return made


def test_a_user_invokes_an_agent_behind_a_gateway(world: World, control: Any) -> None:
    agent = called_agent(world, control)
    gateway = open_gateway(
        world, control, authorizerType="CUSTOM_JWT", authorizerConfiguration=issuer_of(world)
    )
    url = add_agent(control, gateway, agent)
    answer = with_user_token(url, world.user_token("ana")).invoke_agent_runtime(
        agentRuntimeArn=FUNCTION,
        runtimeSessionId=SESSION,
        contentType="application/json",
        payload=b'{"question":"What is on?"}',
    )
    assert (answer["statusCode"], answer["contentType"]) == (200, "application/json")
    assert answer["runtimeSessionId"] == SESSION
    event = json.load(answer["response"])
    assert (event["rawPath"], event["body"]) == ("/invocations", '{"question":"What is on?"}')
    claims = jwt.decode(event["headers"]["workloadaccesstoken"], options={"verify_signature": False})
    assert claims["act"]["name"] == agent.name
    assert "authorization" not in event["headers"]

    with refused("UnauthorizedException", 401):
        with_user_token(url, "not-a-token").invoke_agent_runtime(agentRuntimeArn=FUNCTION, payload=b"{}")


def test_an_agent_invokes_another_one_behind_a_gateway(world: World, control: Any) -> None:
    caller, agent = world.agent(), called_agent(world, control)
    accepting = {"authorizerConfiguration": issuer_of(world, [caller.name])}
    update_beyond_aws(agent.name, [RETURN_URL], accepting)
    url = add_agent(control, open_gateway(world, control, authorizerType="AWS_IAM"), agent)
    at_gateway = identity_client(url, world.ready["region"])
    token = caller.token(user_token=world.user_token("ana"))
    answer = invoke_agent(at_gateway, token, agentRuntimeArn=FUNCTION, payload=b"{}")
    event = json.load(answer["response"])
    claims = jwt.decode(event["headers"]["workloadaccesstoken"], options={"verify_signature": False})
    assert (claims["act"]["name"], claims["act"]["act"]["name"]) == (agent.name, caller.name)

    other = world.agent().token(user_token=world.user_token("ana"))
    with refused("AccessDeniedException", 403):
        invoke_agent(at_gateway, other, agentRuntimeArn=FUNCTION, payload=b"{}")


def test_a_target_needs_a_workload_identity_with_its_name(world: World, control: Any) -> None:
    gateway = open_gateway(world, control, authorizerType="AWS_IAM")
    with refused("ResourceNotFoundException", 404) as refusal:
        control.create_gateway_target(
            gatewayIdentifier=gateway["gatewayId"],
            name="missing",
            targetConfiguration={"http": {"agentcoreRuntime": {"arn": FUNCTION}}},
        )
    assert refusal.message == 'There is no workload identity named "missing".'
