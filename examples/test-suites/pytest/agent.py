import boto3

RETURN_URL = "http://127.0.0.1/connected"


def connect_calendar(user_id):
    """Returns the user's access token, or the authorization URL at which the user allows access."""
    identity = boto3.client("bedrock-agentcore")
    token = identity.get_workload_access_token_for_user_id(workloadName="travel-agent", userId=user_id)
    return identity.get_resource_oauth2_token(
        workloadIdentityToken=token["workloadAccessToken"],
        resourceCredentialProviderName="calendar",
        scopes=["openid", "email"],
        oauth2Flow="USER_FEDERATION",
        resourceOauth2ReturnUrl=RETURN_URL,
    )


def complete_consent(session_id, user_id):
    """Completes a consent at the return URL of the application."""
    boto3.client("bedrock-agentcore").complete_resource_token_auth(
        sessionUri=session_id, userIdentifier={"userId": user_id}
    )
