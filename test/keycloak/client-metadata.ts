/** Keycloak as the authorization server of an MCP server, with a client ID metadata document of the service. */
import assert from 'node:assert/strict';
import type { Checks } from '../deployed/checks';
import { startMcpServer } from '../flows/support/mcp-server';
import { RETURN_URL } from '../flows/support/world';
import { decoded, signInAndConsent, USERNAME } from './people';
import { audienceMapper } from './on-behalf-of';
import type { World } from './world';

/** The client that stands for the MCP server at Keycloak. */
const RESOURCE_SERVER = 'described-notes-server';

export async function checkClientMetadata(checks: Checks, { service, calendar }: World): Promise<void> {
  checks.chapter('Keycloak reads a client ID metadata document');
  const mcp = await startMcpServer(calendar.issuer);
  const config = {
    oauthDiscovery: { discoveryUrl: mcp.discoveryUrl },
    clientRegistration: 'METADATA_DOCUMENT',
  } as never;
  await calendar.client({ clientId: RESOURCE_SERVER, attributes: { resource_url: mcp.resource } });
  await calendar.defaultScope(
    'described-notes',
    audienceMapper({ 'included.client.audience': RESOURCE_SERVER }),
  );
  await calendar.readMetadataDocuments();

  await checks.check(
    'an agent gets a token of a client that is registered nowhere, after one consent',
    async () => {
      const agent = await service.agent(config);
      const user = { userId: USERNAME };
      const token = await agent.token(user);
      const ask = { scopes: ['openid', 'profile'] };
      const { authorizationUrl } = await agent.ask(token, ask);
      const back = await signInAndConsent(authorizationUrl ?? '', new URL(RETURN_URL).origin);
      await agent.complete(back.searchParams.get('session_id') ?? undefined, user);
      const { accessToken = '' } = await agent.ask(token, ask);
      const { payload } = decoded(accessToken);
      assert.equal(payload.azp, agent.callbackUrl.replace('/callback/', '/client-metadata/'));
    },
  );
  await mcp.close();
}
