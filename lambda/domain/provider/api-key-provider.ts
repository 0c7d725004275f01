/**
 * API key credential providers: a key that the owner's agents can use, encrypted and never returned by the control
 * plane.
 */
import type {
  CreateApiKeyProviderInput,
  UpdateApiKeyProviderInput,
} from '../../model/api-key-provider-request';
import type { ExternalSecret } from '../../model/secret-reference';
import { epochSeconds, type System } from '../system';
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { changedMembers, changeResource, createResource, nameTaken } from '../resource-write';
import { authorizedResource, resourceToDelete } from '../policy/authorized-resource';
import type { OwnedResourceStore } from '../owned-resource';
import type { ApiKeyProvider } from '../../model/records/api-key-provider';
import { listOwned, type Listed, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import { checkOwnership, isOwnedBy, ownedBy } from '../ownership';
import { checkQuota, type Quotas } from '../quotas';
import { invalidMember, ServiceError } from '../service-error';
import { deleteWithContents, writeContents, type VaultContents } from '../sealing/deletion';
import type { Seal, SealingContext } from '../sealing/sealing';
import type { SecretStore } from '../sealing/secret-store';
import {
  givenSecret,
  nameExternalSecret,
  type GivenSecret,
  type SecretNaming,
  type SecretNamingDependencies,
} from './provider-secret';

export type ApiKeyProviderStore = OwnedResourceStore<ApiKeyProvider>;

export interface ApiKeyProviderDependencies extends SecretNamingDependencies {
  readonly apiKeyProviders: ApiKeyProviderStore;
  readonly apiKeys: SecretStore;
  readonly vaultContents: VaultContents;
  readonly seal: Pick<Seal, 'seal'>;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly quotas: Quotas;
}

const KIND = 'API key credential provider';

/** Default entries of a page: the maximum in AWS. */
const PAGE = 100;

export const apiKeyProviderArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:token-vault/default/apikeycredentialprovider/${name}`;

/** Returns the encryption context of the API key. The control plane encrypts it, and credential retrieval decrypts it. */
export const apiKeyContext = (
  provider: Pick<ApiKeyProvider, 'id' | 'arn'>,
): SealingContext & { readonly purpose: 'api-key' } => ({
  purpose: 'api-key',
  ownerId: provider.id,
  ownerArn: provider.arn,
  binding: { provider: provider.id },
});

const sealKey = async (
  deps: ApiKeyProviderDependencies,
  provider: ApiKeyProvider,
  apiKey: string,
): Promise<void> =>
  deps.apiKeys.put(provider.id, await deps.seal.seal(apiKeyContext(provider), apiKey), provider.revision);

/** Deletes the vault key first, without which the API key cannot be decrypted. */
async function deleteKey(
  { vaultContents, apiKeys }: ApiKeyProviderDependencies,
  { id }: ApiKeyProvider,
): Promise<void> {
  await vaultContents.shredKeys(id);
  await apiKeys.remove(id);
}

const MEMBERS = { secret: 'apiKey', source: 'apiKeySecretSource', reference: 'apiKeySecretConfig' };

/** @throws ValidationException without a key, or for two */
function neededKey(input: UpdateApiKeyProviderInput): Exclude<GivenSecret, { kind: 'none' }> {
  const { apiKey: secret, apiKeySecretSource: source, apiKeySecretConfig: reference } = input;
  const given = givenSecret(MEMBERS, { secret, source, reference });
  if (given.kind === 'none') throw invalidMember(MEMBERS.secret, 'is required');
  return given;
}

/** Returns the location of an external key; undefined for a key in the token vault. */
const externalKey = async (
  deps: ApiKeyProviderDependencies,
  naming: SecretNaming,
  key: ReturnType<typeof neededKey>,
): Promise<ExternalSecret | undefined> =>
  key.kind === 'external' ? nameExternalSecret(deps, naming, MEMBERS.reference, key.reference) : undefined;

/**
 * Creates a provider owned by the caller.
 *
 * @throws ConflictException if the name is in use, ValidationException without a key, ServiceQuotaExceededException
 */
export function createApiKeyProvider(
  deps: ApiKeyProviderDependencies,
  principal: Caller,
  input: CreateApiKeyProviderInput,
): Promise<ApiKeyProvider> {
  return audited(deps.audit, { operation: 'CreateApiKeyCredentialProvider', principal }, async (annotate) => {
    annotate({ provider: input.name });
    const key = neededKey(input);
    // Read first, so that no key is encrypted unnecessarily; the conditional write below decides.
    if (await deps.apiKeyProviders.get(input.name)) throw nameTaken(KIND, input.name);
    await checkQuota(deps.apiKeyProviders, principal, deps.quotas, 'apiKeyCredentialProviders');
    const externalSecret = await externalKey(deps, { byOwner: true, ...ownedBy(principal) }, key);
    const now = epochSeconds(deps.system);
    const provider: ApiKeyProvider = {
      name: input.name,
      id: deps.system.randomUUID(),
      arn: apiKeyProviderArn(deps.arnPrefix, input.name),
      ...ownedBy(principal),
      ...(externalSecret && { externalSecret }),
      tags: input.tags ?? {},
      revision: 1,
      createdTime: now,
      lastUpdatedTime: now,
    };
    if (key.kind === 'managed') await sealKey(deps, provider, key.secret);
    try {
      await createResource(deps.apiKeyProviders, KIND, provider);
    } catch (error) {
      if (error instanceof ServiceError && key.kind === 'managed') await deleteKey(deps, provider);
      throw error;
    }
    return provider;
  });
}

/**
 * Returns the provider, without its API key.
 *
 * @throws ResourceNotFoundException, AccessDeniedException
 */
export function getApiKeyProvider(
  deps: ApiKeyProviderDependencies,
  principal: Caller,
  name: string,
): Promise<ApiKeyProvider> {
  return audited(
    deps.audit,
    { operation: 'GetApiKeyCredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: name });
      return authorizedResource(deps.apiKeyProviders, KIND, call, name);
    },
  );
}

/**
 * Replaces the key or its location. Agents get the new key from the next request.
 *
 * @throws ValidationException without a key or for an external key that cannot be used, ResourceNotFoundException,
 *   AccessDeniedException, ThrottlingException after a concurrent change
 */
export function updateApiKeyProvider(
  deps: ApiKeyProviderDependencies,
  principal: Caller,
  input: UpdateApiKeyProviderInput,
): Promise<ApiKeyProvider> {
  return audited(
    deps.audit,
    { operation: 'UpdateApiKeyCredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: input.name });
      const key = neededKey(input);
      const provider = await authorizedResource(deps.apiKeyProviders, KIND, call, input.name);
      checkOwnership(provider, principal, input);
      const { owner, ownerId, externalSecret: kept } = provider;
      const naming = { byOwner: isOwnedBy(provider, principal), owner, ownerId, kept };
      const externalSecret = await externalKey(deps, naming, key);
      const members = changedMembers(provider, { externalSecret }).map(() => MEMBERS.reference);
      annotate({ changed: [...(key.kind === 'managed' ? [MEMBERS.secret] : []), ...members] });
      const changed = await changeResource(deps.apiKeyProviders, deps.system, provider, { externalSecret });
      if (key.kind === 'managed') {
        await writeContents(
          deps.apiKeyProviders,
          changed,
          () => sealKey(deps, changed, key.secret),
          () => deleteKey(deps, changed),
        );
      } else await deps.apiKeys.removeBefore(changed.id, changed.revision);
      return changed;
    },
  );
}

/** Deletes the provider and its key. @throws ResourceNotFoundException, AccessDeniedException */
export function deleteApiKeyProvider(
  deps: ApiKeyProviderDependencies,
  principal: Caller,
  name: string,
): Promise<void> {
  return audited(
    deps.audit,
    { operation: 'DeleteApiKeyCredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: name });
      const provider = await resourceToDelete(deps.apiKeyProviders, KIND, call, name);
      await deleteWithContents(deps.apiKeyProviders, provider, () => deleteKey(deps, provider));
    },
  );
}

/** Lists the caller's API key providers by name. @throws ValidationException for a token of another listing */
export function listApiKeyProviders(
  deps: ApiKeyProviderDependencies,
  principal: Caller,
  input: ListInput,
): Promise<Listed<ApiKeyProvider>> {
  return audited(deps.audit, { operation: 'ListApiKeyCredentialProviders', principal }, (_annotate, call) =>
    listOwned({ store: deps.apiKeyProviders, tokens: deps.pageTokens, most: PAGE }, call, input),
  );
}
