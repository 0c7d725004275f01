/** An OAuth client with in-memory stores, and a token endpoint with the response that a test chooses. */
import type { Metadata } from '../../lambda/domain/oauth/provider-metadata';
import type { TokenRequestDependencies } from '../../lambda/domain/oauth/token-request';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { createProviderClients } from '../../lambda/domain/oauth/provider-client';
import { createFakeSystem } from './fake-system';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { createInMemoryStores } from './in-memory-stores';
import { NO_ASSERTIONS } from './no-assertions';
import { sampleIdentity, sampleProvider } from './samples';

export const TOKEN_ENDPOINT = 'https://provider.example/token';

/** A token request as it was sent. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly form: URLSearchParams;
}

export const json = (body: object, status = 200, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });

/** A token response as a typical server returns it, with the given changes. */
export const tokens = (change: object = {}) =>
  json({ access_token: 'access', token_type: 'Bearer', expires_in: 3600, ...change });

/**
 * @param answer the response of the endpoint to every request
 * @param change of the provider's record
 * @param serverMetadata in addition to its issuer and token endpoint
 */
export async function createTokenClient(
  answer: () => Response | Promise<Response>,
  change: Partial<Oauth2Provider> = {},
  serverMetadata: Partial<Metadata> = {},
) {
  const system = createFakeSystem();
  const stores = createInMemoryStores();
  const seal = createInMemorySeal();
  const provider = sampleProvider(change);
  const requests: SentRequest[] = [];
  const metadata: Metadata = {
    issuer: 'https://provider.example',
    token_endpoint: TOKEN_ENDPOINT,
    ...serverMetadata,
  };
  const deps: TokenRequestDependencies = {
    transport(url, { method, headers, body = '' }) {
      const text = String(body);
      requests.push({
        url,
        method,
        headers: new Headers(headers),
        body: text,
        form: new URLSearchParams(text),
      });
      return Promise.resolve().then(answer);
    },
    endpointPolicy: { loopback: false },
    system,
  };
  await stores.clientSecrets.put(provider.id, await seal.seal(clientSecretContext(provider), 'secret'), 1);
  const providerClients = createProviderClients({
    ...deps,
    ...stores,
    ...NO_ASSERTIONS,
    seal,
    externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
    metadata: { read: () => Promise.resolve(metadata) },
  });
  const client = await providerClients.of(provider, sampleIdentity().arn);
  return { system, client, requests, provider };
}
