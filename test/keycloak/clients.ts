/** OAuth clients at Keycloak, each with an agent whose credential provider uses it. */
import type { CustomOauth2ProviderConfigInput } from '@aws-sdk/client-bedrock-agentcore-control';
import type { TestAgent } from '../flows/support/world';
import type { ClientSettings, Realm } from './admin';
import { newSecret, type Service } from './service';

export const METHODS = ['CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST', 'PRIVATE_KEY_JWT'] as const;

export type Method = (typeof METHODS)[number];

/** How a client authenticates: its settings at the service and at Keycloak. */
interface Proof {
  readonly config: Partial<CustomOauth2ProviderConfigInput>;
  readonly settings: Partial<ClientSettings>;
  readonly attributes: Readonly<Record<string, string>>;
}

async function proofBy(service: Service, method: Method): Promise<Proof> {
  if (method !== 'PRIVATE_KEY_JWT') {
    const clientSecret = newSecret();
    return {
      config: { clientAuthenticationMethod: method, clientSecret },
      settings: { secret: clientSecret },
      attributes: {},
    };
  }
  const { arn, jwk } = await service.signingKey();
  const kid = 'agents-1';
  return {
    config: {
      clientAuthenticationMethod: method,
      privateKeyJwtConfig: {
        privateKeySource: { kmsKeySource: { kmsKeyArn: arn } },
        signingAlgorithm: 'RS256',
        additionalHeaderClaims: { kid },
      },
    },
    settings: { clientAuthenticatorType: 'client-jwt' },
    attributes: {
      'use.jwks.string': 'true',
      'jwks.string': JSON.stringify({ keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] }),
      'token.endpoint.auth.signing.alg': 'RS256',
    },
  };
}

let count = 0;

/** An agent, and the confidential client of its credential provider at Keycloak. */
export interface ClientAgent {
  readonly agent: TestAgent;
  readonly clientId: string;
}

/** A credential provider's configuration, in addition to client and server. */
type Config = Partial<CustomOauth2ProviderConfigInput> & { readonly method?: Method };

/** @param settings settings of the client that differ from Keycloak's defaults */
export async function agentAt(
  service: Service,
  realm: Realm,
  { method = 'CLIENT_SECRET_BASIC', ...config }: Config = {},
  { attributes = {}, ...settings }: Partial<ClientSettings> = {},
): Promise<ClientAgent> {
  count += 1;
  const clientId = `agents-${count}`;
  const proof = await proofBy(service, method);
  const { discoveryUrl } = realm;
  const agent = await service.agent({
    clientId,
    oauthDiscovery: { discoveryUrl },
    ...proof.config,
    ...config,
  });
  await realm.client({
    clientId,
    // In the REST API, a client is public by default, and then Keycloak does not check its authentication.
    publicClient: false,
    redirectUris: [agent.callbackUrl],
    ...proof.settings,
    ...settings,
    attributes: { ...proof.attributes, ...attributes },
  });
  return { agent, clientId };
}
