const { BedrockAgentCore } = require('@aws-sdk/client-bedrock-agentcore');

const identity = new BedrockAgentCore();

/** Returns the user's access token for the calendar, or the authorization URL at which the user allows access. */
exports.connectCalendar = async (userId) => {
  const { workloadAccessToken } = await identity.getWorkloadAccessTokenForUserId({
    workloadName: 'travel-agent',
    userId,
  });
  return identity.getResourceOauth2Token({
    workloadIdentityToken: workloadAccessToken,
    resourceCredentialProviderName: 'calendar',
    scopes: ['calendar.read'],
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: 'http://127.0.0.1/connected',
  });
};

/** Completes a consent at the return URL of the application. */
exports.completeConsent = (returnUrl, userId) =>
  identity.completeResourceTokenAuth({
    sessionUri: new URL(returnUrl).searchParams.get('session_id'),
    userIdentifier: { userId },
  });
