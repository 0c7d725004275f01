/** API-key credential providers: a key that agents of the same owner may use, sealed and never told to the control plane. */
import { epochSeconds, type Ambient } from '../ambient';
import { audited, type AuditTrail } from '../audit';
import { changeResource, managedResource, nameTaken } from '../managed-resource';
import type { OwnedResource, OwnedResourceStore } from '../owned-resource';
import { listOwned, type Listed, type ListInput, type PageTokens } from '../pagination';
import { checkQuota, type Quotas } from '../quotas';
import { invalidMember } from '../service-error';
import { deleteWithContents, type VaultContents } from '../vault/deletion';
import type { Seal, SealingContext } from '../vault/sealing';
import type { SecretStore } from '../vault/secret-store';

export type ApiKeyProvider = OwnedResource;

export type ApiKeyProviderStore = OwnedResourceStore<ApiKeyProvider>;

export interface ApiKeyProviderPorts {
  readonly apiKeyProviders: ApiKeyProviderStore;
  readonly apiKeys: SecretStore;
  readonly vaultContents: VaultContents;
  readonly seal: Pick<Seal, 'seal'>;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly ambient: Ambient;
  readonly arnPrefix: string;
  readonly quotas: Quotas;
}

export interface ApiKeyProviderInput {
  readonly name: string;
  readonly apiKey?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

const KIND = 'credential provider';

/** Entries of a page when the caller does not say: AWS's most. */
const PAGE = 100;

export const apiKeyProviderArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:token-vault/default/apikeycredentialprovider/${name}`;

/** The API key's place in the vault; control plane seals there, credential retrieval opens. */
export const apiKeyContext = (provider: Pick<ApiKeyProvider, 'id' | 'arn'>): SealingContext => ({
  purpose: 'api-key',
  ownerId: provider.id,
  ownerArn: provider.arn,
  binding: { provider: provider.id },
});

const sealKey = async (ports: ApiKeyProviderPorts, provider: ApiKeyProvider, apiKey: string): Promise<void> =>
  ports.apiKeys.put(provider.id, await ports.seal.seal(apiKeyContext(provider), apiKey), provider.revision);

function neededKey(apiKey: string | undefined): string {
  if (!apiKey) throw invalidMember('apiKey', 'is needed');
  return apiKey;
}

/**
 * @param principal ARN of the calling IAM principal, who will own the provider
 * @throws ConflictException when the name is taken, ValidationException without a key,
 *   ServiceQuotaExceededException
 */
export function createApiKeyProvider(
  ports: ApiKeyProviderPorts,
  principal: string,
  input: ApiKeyProviderInput,
): Promise<ApiKeyProvider> {
  return audited(ports.audit, 'CreateApiKeyCredentialProvider', principal, async (note) => {
    note({ provider: input.name });
    const apiKey = neededKey(input.apiKey);
    const now = epochSeconds(ports.ambient);
    const provider: ApiKeyProvider = {
      name: input.name,
      id: ports.ambient.randomUUID(),
      arn: apiKeyProviderArn(ports.arnPrefix, input.name),
      owner: principal,
      tags: input.tags ?? {},
      revision: 1,
      createdTime: now,
      lastUpdatedTime: now,
    };
    // Look first, so that a key is not sealed for nothing; the conditional write below decides.
    if (await ports.apiKeyProviders.get(input.name)) throw nameTaken(KIND, input.name);
    await checkQuota(ports.apiKeyProviders, principal, ports.quotas, 'apiKeyCredentialProviders');
    await sealKey(ports, provider, apiKey);
    if (!(await ports.apiKeyProviders.create(provider))) throw nameTaken(KIND, input.name);
    return provider;
  });
}

/** @throws ResourceNotFoundException, AccessDeniedException */
export function getApiKeyProvider(
  ports: ApiKeyProviderPorts,
  principal: string,
  name: string,
): Promise<ApiKeyProvider> {
  return audited(ports.audit, 'GetApiKeyCredentialProvider', principal, async (note) => {
    note({ provider: name });
    return managedResource(
      ports.apiKeyProviders,
      KIND,
      { principal, operation: 'GetApiKeyCredentialProvider' },
      name,
    );
  });
}

/**
 * Puts another key in the place of the old one; agents get it from the next request on.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException when it was changed meanwhile
 */
export function updateApiKeyProvider(
  ports: ApiKeyProviderPorts,
  principal: string,
  input: Pick<ApiKeyProviderInput, 'name' | 'apiKey'>,
): Promise<ApiKeyProvider> {
  return audited(ports.audit, 'UpdateApiKeyCredentialProvider', principal, async (note) => {
    note({ provider: input.name });
    const apiKey = neededKey(input.apiKey);
    const provider = await managedResource(
      ports.apiKeyProviders,
      KIND,
      { principal, operation: 'UpdateApiKeyCredentialProvider' },
      input.name,
    );
    const changed = await changeResource(ports.apiKeyProviders, ports.ambient, provider, {});
    await sealKey(ports, changed, apiKey);
    return changed;
  });
}

/** Deletes the provider, and its key with it. @throws ResourceNotFoundException, AccessDeniedException */
export function deleteApiKeyProvider(
  ports: ApiKeyProviderPorts,
  principal: string,
  name: string,
): Promise<void> {
  return audited(ports.audit, 'DeleteApiKeyCredentialProvider', principal, async (note) => {
    note({ provider: name });
    const provider = await managedResource(
      ports.apiKeyProviders,
      KIND,
      { principal, operation: 'DeleteApiKeyCredentialProvider' },
      name,
    );
    await deleteWithContents(ports.apiKeyProviders, provider, async () => {
      await ports.vaultContents.shredKeys(provider.id);
      await ports.apiKeys.remove(provider.id);
    });
  });
}

/** The caller's API-key providers, by name. @throws ValidationException for a token of another listing */
export function listApiKeyProviders(
  ports: ApiKeyProviderPorts,
  principal: string,
  input: ListInput,
): Promise<Listed<ApiKeyProvider>> {
  const operation = 'ListApiKeyCredentialProviders';
  return audited(ports.audit, operation, principal, () =>
    listOwned(ports.apiKeyProviders, ports.pageTokens, { operation, principal }, input, PAGE),
  );
}
