/** GetResourceApiKey: returns a provider's API key to an authorized agent. */
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { userHashOf } from '../../model/user';
import { admit } from './admission';
import { grantHolderOf, holderEntry, linksOf } from './grant-holder';
import type { ExpiringCache } from '../expiring-cache';
import { deletionIn } from '../grant/deletion-check';
import type { ApiKeyProvider } from '../../model/records/api-key-provider';
import { apiKeyContext } from '../provider/api-key-provider';
import { restrictionDenial } from '../restriction/restriction';
import { verifyWorkloadAccessToken, type VerifyDependencies } from '../workload-token/verify';
import type { Directory } from '../grant/directory';
import type { ExternalSecrets } from '../sealing/external-secret';
import { openProviderSecret } from '../sealing/provider-secret';
import type { Seal } from '../sealing/sealing';
import type { SecretStore } from '../sealing/secret-store';

export interface ApiKeyDependencies extends VerifyDependencies {
  /** The IDs that providers had at earlier requests, by name: a guess, with which one round trip reads the key too. */
  readonly apiKeyProviderIds: Pick<ExpiringCache<string>, 'get' | 'set'>;
  readonly directory: Pick<Directory, 'readApiKeyProvider'>;
  readonly apiKeys: Pick<SecretStore, 'get'>;
  readonly externalSecrets: ExternalSecrets;
  readonly seal: Pick<Seal, 'open'>;
  readonly audit: AuditTrail;
}

/** The IDs of providers that an instance of the function keeps. Up to 1,000 IDs, each for 1 hour. */
export const API_KEY_PROVIDER_IDS = { milliseconds: 3_600_000, maxEntries: 1_000 };

const KIND = 'API key credential provider';

/**
 * Milliseconds from which a request reads the directory again before it returns the key: AWS Secrets Manager can be slow,
 * and the agent or the user can be suspended in the meantime.
 */
const SLOW_READ = 1_000;

/** @param sealedApiKey the encrypted API key, if it was read with the provider */
async function openApiKey(
  deps: ApiKeyDependencies,
  provider: ApiKeyProvider,
  sealedApiKey: string | undefined,
): Promise<string> {
  if (provider.externalSecret) return deps.externalSecrets.read(provider, provider.externalSecret);
  const sealed = sealedApiKey ?? (await deps.apiKeys.get(provider.id));
  if (sealed === undefined) throw new Error('the provider has no API key');
  return openProviderSecret(deps, provider.name, { context: apiKeyContext(provider), sealed });
}

/**
 * Returns the API key.
 *
 * @param principal the caller; must have access to the workload identity that the token names
 * @param workloadIdentityToken with or without a user: the key belongs to the agent
 * @throws UnauthorizedException for the token; AccessDeniedException, ResourceNotFoundException; ValidationException
 *   for an external key that cannot be used, and for a key that was lost with the KMS key of the token vault
 */
export function getResourceApiKey(
  deps: ApiKeyDependencies,
  principal: Caller,
  workloadIdentityToken: string,
  providerName: string,
): Promise<string> {
  return audited(deps.audit, { operation: 'GetResourceApiKey', principal }, async (annotate, call) => {
    annotate({ provider: providerName });
    const delegation = await verifyWorkloadAccessToken(deps, workloadIdentityToken);
    const holder = grantHolderOf(delegation);
    const { workload } = holder;
    const userHash = userHashOf(delegation.user);
    annotate(holderEntry(delegation, holder));
    const expectedId = deps.apiKeyProviderIds.get(providerName);
    const read = () =>
      deps.directory.readApiKeyProvider(workload.name, providerName, userHash, linksOf(holder), expectedId);
    const readAt = deps.system.now();
    const found = await read();
    const { provider } = admit({ ...call, providerName, annotate }, holder, delegation, found);
    if (!provider.externalSecret && provider.id !== expectedId) {
      deps.apiKeyProviderIds.set(providerName, provider.id);
    }
    const apiKey = await openApiKey(deps, provider, found.sealedApiKey).catch(async (error: unknown) => {
      // The key is missing if the agent or the provider was deleted during the request.
      throw deletionIn(await read(), workload.id, provider, KIND) ?? error;
    });
    if (deps.system.now() - readAt >= SLOW_READ) {
      const now = await read();
      const denial =
        deletionIn(now, workload.id, provider, KIND) ??
        restrictionDenial(now.restrictions, delegation.userToken);
      if (denial) throw denial;
    }
    annotate({ result: 'cached' });
    return apiKey;
  });
}
