/** Client ID metadata documents, which the public function publishes for authorization servers. */
import { deepStrictEqual, strictEqual } from 'node:assert';
import { startMcpServer } from '../flows/support/mcp-server';
import { alsoReading, alsoSending } from '../flows/support/members-beyond-aws';
import { startProvider } from '../flows/support/provider';
import type { Checks } from './checks';
import type { FlowWorld } from './registration';

const NAME = 'described-by-a-document';

/** The authorization server is on this machine, so it need not be reached at a public address. */
export async function checkClientMetadata(checks: Checks, { callers, front }: FlowWorld): Promise<void> {
  const server = await startProvider({
    features: { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } },
  });
  const mcp = await startMcpServer(server.issuer);
  try {
    await checks.check('the client of an MCP server is a public document, until it is deleted', async () => {
      const oauth2ProviderConfigInput = {
        customOauth2ProviderConfig: {
          oauthDiscovery: { discoveryUrl: mcp.discoveryUrl },
          clientRegistration: 'METADATA_DOCUMENT',
        },
      };
      const { client, answers } = alsoReading(
        alsoSending(callers.control(front.principals.agent), { oauth2ProviderConfigInput }),
      );
      await client.createOauth2CredentialProvider({
        name: NAME,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {} as never,
      });
      const { callbackUrl, protectedResource, oauth2ProviderConfigOutput } = answers[0] as {
        callbackUrl: string;
        protectedResource: unknown;
        oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { clientId: string } };
      };
      const { clientId } = oauth2ProviderConfigOutput.customOauth2ProviderConfig;
      deepStrictEqual(protectedResource, {
        resource: mcp.resource,
        authorizationServer: server.issuer,
        authorizationServerMetadataUrl: `${server.issuer}/.well-known/oauth-authorization-server`,
        endpointOrigins: [server.issuer],
      });
      const document = (await (await fetch(clientId)).json()) as Record<string, unknown>;
      deepStrictEqual([document.client_id, document.redirect_uris], [clientId, [callbackUrl]]);
      await callers.control(front.principals.agent).deleteOauth2CredentialProvider({ name: NAME });
      strictEqual((await fetch(clientId)).status, 404);
    });
  } finally {
    await mcp.close();
    await server.close();
  }
}
