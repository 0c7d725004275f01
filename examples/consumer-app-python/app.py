"""The complete identity setup of an agent as a CDK app in Python: the app of examples/consumer-app, line by line.

With `-c restApiId=...` (and `-c endpoint=...`) it uses an existing service. Otherwise it creates its own.
"""

from aws_cdk import App, CfnOutput, SecretValue, Stack
from aws_cdk.aws_iam import Role, ServicePrincipal

from agent_identity_cdk import (
    AgentIdentity,
    ApiKeyCredentialProvider,
    OAuth2CredentialProvider,
    OAuth2Vendor,
    WorkloadIdentity,
)

app = App()
stack = Stack(app, "TravelAgent", description="A travel agent and its credentials")
rest_api_id = app.node.try_get_context("restApiId")
identity = (
    AgentIdentity.from_agent_identity_attributes(
        stack,
        "Identity",
        rest_api_id=rest_api_id,
        endpoint=app.node.try_get_context("endpoint"),
    )
    if rest_api_id
    else AgentIdentity(stack, "Identity")
)

agent = WorkloadIdentity(
    stack,
    "Agent",
    identity=identity,
    allowed_resource_oauth2_return_urls=["https://travel.example/connected"],
)
client_secret = SecretValue.secrets_manager("travel/calendar", json_field="secret")
calendar = OAuth2CredentialProvider(
    stack,
    "Calendar",
    identity=identity,
    vendor=OAuth2Vendor.google(client_id="travel", client_secret=client_secret),
)
weather = ApiKeyCredentialProvider(
    stack,
    "Weather",
    identity=identity,
    api_key=SecretValue.secrets_manager("travel/weather"),
)

agent.grant_act_as(Role(stack, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com")))
calendar.allow_use_by(agent)
weather.allow_use_by(agent)
CfnOutput(stack, "RegisterAtGoogle", value=calendar.callback_url)

app.synth()
