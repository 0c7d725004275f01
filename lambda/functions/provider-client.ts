/**
 * Composition of the internal function that sends requests to providers on behalf of functions that must not wait for
 * them, or that lack the permissions. Only other functions invoke it, and its results and errors stay with them.
 */
import { system } from '../adapters/system';
import { createDirectoryReader } from '../adapters/dynamodb/directory-reader';
import { createGrantStore } from '../adapters/dynamodb/grant-store';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { createSeal } from '../adapters/kms/seal';
import {
  PROVIDER_CLIENT_CALLS,
  type Failure,
  type ProviderClientCallee,
} from '../model/events/provider-client';
import { DISCOVERY_TIMEOUT_MS, REGISTRATION_TIMEOUT_MS } from '../model/time-limits';
import { pushAuthorization } from '../domain/consent/push';
import { withDeadline } from '../domain/oauth/transport';
import { provideClient } from '../domain/oauth/provide-client';
import { findProtectedResource } from '../domain/oauth/protected-resource-discovery';
import { ProviderFailure } from '../domain/oauth/provider-failure';
import { renewInBackground } from '../domain/grant/background-renewal';
import { isExpectedServer } from '../domain/provider/expected-server';
import type { RegistrationMember } from '../model/provider/client';
import { createAws } from './composition/aws';
import { jsonClients } from './composition/json-clients';
import { readConnectionPolicy, readEnvironment } from './composition/environment';
import { createCallHandler } from './composition/invocation';
import { audit, reportError } from './composition/logging';
import { providerClientsOf } from './composition/provider-clients';
import { vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'VAULT_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
  'REVOCATION_FUNCTION',
);
const aws = createAws(env, jsonClients());
const { tables, dynamodb } = aws;
const seal = createSeal(vaultKeysOf(aws, env, reportError));
const outbound = providerClientsOf(aws, { seal });
const outward = { transport: outbound.transport, endpointPolicy: readConnectionPolicy() };
const deps = {
  ...outbound,
  directory: createDirectoryReader(dynamodb, { directory: env.DIRECTORY_TABLE, vault: env.VAULT_TABLE }),
  grants: createGrantStore(tables.VAULT_TABLE),
  revocationQueue: createRevocationFunction(env.REVOCATION_FUNCTION),
  audit,
  system,
  baseUrl: env.BASE_URL,
};

/**
 * Returns the result, or the failure of a server that the owner of a provider can act on.
 *
 * @param member what the owner corrects, unless the failure says it; by default, the discovery URL
 */
async function orFailure<Result>(
  work: () => Promise<Result>,
  member?: RegistrationMember,
): Promise<Result | { readonly failure: Failure }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const { code, unavailable, detail, retryAfter, member: stated = member, host } = error;
    return {
      failure: {
        code,
        unavailable,
        detail,
        ...(retryAfter !== undefined && { retryAfter }),
        ...(stated && { member: stated }),
        ...(host !== undefined && { host }),
      },
    };
  }
}

/** Returns what requests are sent with that end together after this time. */
const dependenciesWithDeadline = (milliseconds: number) => ({
  ...outward,
  transport: withDeadline(outbound.transport, AbortSignal.timeout(milliseconds)),
});

const providerClient: ProviderClientCallee = {
  renew: (request) => renewInBackground(deps, request),

  async push(request) {
    try {
      return { pushed: await pushAuthorization(deps, request) };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const { code, unavailable } = error;
      return { failure: { code, unavailable } };
    }
  },

  discover: ({ discoveryUrl, authorizationServer }) =>
    orFailure(async () => {
      const deps = dependenciesWithDeadline(DISCOVERY_TIMEOUT_MS);
      const { protectedResource } = await findProtectedResource(deps, discoveryUrl, authorizationServer);
      return { protectedResource };
    }),

  register: (request) =>
    orFailure(async () => {
      const { discoveryUrl, authorizationServer } = request;
      const registration = dependenciesWithDeadline(REGISTRATION_TIMEOUT_MS);
      const found = await findProtectedResource(
        dependenciesWithDeadline(DISCOVERY_TIMEOUT_MS),
        discoveryUrl,
        authorizationServer,
      );
      const { protectedResource, metadata } = found;
      if (!isExpectedServer(request, protectedResource)) return { registered: { protectedResource } };
      const client = await orFailure(
        () => provideClient({ ...registration, baseUrl: env.BASE_URL }, metadata, request),
        'clientId',
      );
      return 'failure' in client ? client : { registered: { protectedResource, client } };
    }),
};

export const handler = createCallHandler(PROVIDER_CLIENT_CALLS, providerClient, {
  refusal: 'The provider-client event is not valid.',
});
