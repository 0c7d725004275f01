/** The running service for an installed client, with the environment of an agent. */
import { URL } from 'node:url';
import { startLocalService } from '../clients/local-service.mjs';

/**
 * Starts the service, calls the function, and stops the service.
 *
 * @param use gets the environment of the example agent, the origin of the authorization URLs of the service, and what
 *   startLocalService returns
 */
export async function withRunningService(use) {
  // Without the example agent in Python, which needs an installation.
  const { ready, dataDir, stop } = await startLocalService({ PYTHON: '/nowhere' });
  const { endpoint, region, principals, agent } = ready;
  const environment = {
    AGENT_IDENTITY_ENDPOINT: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: principals.agent.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principals.agent.secretAccessKey,
    AGENT: JSON.stringify({
      workloadName: agent.workloadName,
      providerName: agent.credentialProviderName,
      callbackUrl: agent.returnUrl,
    }),
  };
  try {
    return await use({ environment, origin: new URL(endpoint).origin, ready, dataDir });
  } finally {
    await stop();
  }
}
