"""The complete identity setup of an agent as a CDK app in Python: the app of examples/consumer-app, line by line.

With `-c restApiId=...` (and `-c endpoint=...`) it uses an existing service. Otherwise it creates its own.
With `-c issuer=...`, users of this identity provider have a portal on which they connect and disconnect their calendars.
"""

from aws_cdk import App, CfnOutput, RemovalPolicy, SecretValue, Stack
from aws_cdk.aws_iam import Role, ServicePrincipal

from agent_identity_cdk import (
    AgentIdentity,
    ApiKeyCredentialProvider,
    ConsentPortal,
    OAuth2CredentialProvider,
    OAuth2Vendor,
    PortalBranding,
    PortalConnection,
    TrustedIssuer,
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

# An app to try. In production, leave the policy out: the service then keeps the grants of a resource that leaves the stack.
removal_policy = RemovalPolicy.DESTROY

issuer = app.node.try_get_context("issuer")
discovery_url = f"{issuer}/.well-known/openid-configuration"
users = TrustedIssuer(discovery_url=discovery_url, allowed_audience=["travel-app", "travel-portal"])
agent = WorkloadIdentity(
    stack,
    "Agent",
    identity=identity,
    removal_policy=removal_policy,
    display_name="Travel agent",
    authorizer=users if issuer else None,
    allowed_resource_oauth2_return_urls=["https://travel.example/connected"],
)
client_secret = SecretValue.secrets_manager("travel/calendar", json_field="secret")
calendar = OAuth2CredentialProvider(
    stack,
    "Calendar",
    identity=identity,
    removal_policy=removal_policy,
    vendor=OAuth2Vendor.google(client_id="travel", client_secret=client_secret),
)
weather = ApiKeyCredentialProvider(
    stack,
    "Weather",
    identity=identity,
    removal_policy=removal_policy,
    api_key=SecretValue.secrets_manager("travel/weather"),
)

agent.grant_act_as(Role(stack, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com")))
calendar.allow_use_by(agent)
weather.allow_use_by(agent)
CfnOutput(stack, "RegisterAtGoogle", value=calendar.callback_url)

if issuer:
    sign_in_secret = SecretValue.secrets_manager("travel/portal", json_field="secret")
    login = OAuth2CredentialProvider(
        stack,
        "Login",
        identity=identity,
        removal_policy=removal_policy,
        vendor=OAuth2Vendor.custom(
            discovery_url=discovery_url, client_id="travel-portal", client_secret=sign_in_secret
        ),
    )
    portal = ConsentPortal(
        stack,
        "Portal",
        identity=identity,
        removal_policy=removal_policy,
        workloads=[agent],
        sign_in=login,
        branding=PortalBranding(name="Travel connections", color="#0b5fff"),
        connections=[
            PortalConnection(
                workload=agent,
                credential_provider=calendar,
                scopes=["https://www.googleapis.com/auth/calendar.readonly"],
                purpose="Find free days in your calendar",
            )
        ],
    )
    CfnOutput(stack, "PortalUrl", value=portal.portal_url)
    CfnOutput(stack, "RegisterAtTheIdentityProvider", value=portal.callback_url)

app.synth()
