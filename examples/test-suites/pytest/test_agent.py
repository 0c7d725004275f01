from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from agent import RETURN_URL, complete_consent, connect_calendar


@pytest.fixture(scope="module", autouse=True)
def resources(identity_service, authorization_server):
    control = boto3.client("bedrock-agentcore-control")
    control.create_workload_identity(
        name="travel-agent", allowedResourceOauth2ReturnUrls=[RETURN_URL]
    )
    control.create_oauth2_credential_provider(
        name="calendar",
        credentialProviderVendor="CustomOauth2",
        oauth2ProviderConfigInput={
            "customOauth2ProviderConfig": {
                "oauthDiscovery": {"discoveryUrl": f"{authorization_server}/.well-known/openid-configuration"},
                "clientId": "travel",
                "clientSecret": "not-a-secret",
            }
        },
    )


def consent(authorization_url, account):
    """Allows access as a browser does, with its cookies. Returns the `session_id` of the return URL."""
    browser = requests.Session()
    sign_in_page = browser.get(authorization_url)
    response = browser.post(sign_in_page.url, data={"sub": account}, allow_redirects=False)
    while not response.headers["location"].startswith(RETURN_URL):
        response = browser.get(response.headers["location"], allow_redirects=False)
    return parse_qs(urlsplit(response.headers["location"]).query)["session_id"][0]


def test_agent_gets_access_token_after_user_allows_access(authorization_server):
    response = connect_calendar("alice")
    assert "accessToken" not in response

    complete_consent(consent(response["authorizationUrl"], "alice@calendar.example"), "alice")

    access_token = connect_calendar("alice")["accessToken"]
    account = requests.get(
        f"{authorization_server}/userinfo", headers={"authorization": f"Bearer {access_token}"}
    ).json()
    assert account["sub"] == "alice@calendar.example"
