/** Lists and deletes OAuth2 credential providers. */
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import type { System } from '../system';
import { resourceToDelete } from '../policy/authorized-resource';
import { listOwned, type Listed, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import {
  deleteWithContents,
  revokeDeletedGrants,
  type DeletedGrants,
  type VaultContents,
} from '../sealing/deletion';
import type { SecretStore } from '../sealing/secret-store';
import type { ClientDeletions } from './client-deletion';
import type { RegisteredClients } from './registered-clients';
import { unregister } from './resolve-client';
import { withdraw, type ClientMetadataStore } from './published-client';
import type { Oauth2Provider } from '../../model/provider/record';
import { deleteClientSecret, type Oauth2ProviderStore } from './oauth2-provider';

export interface Oauth2ProviderListingDependencies {
  readonly providers: Oauth2ProviderStore;
  readonly clientSecrets: Pick<SecretStore, 'remove'>;
  readonly clientMetadata: ClientMetadataStore;
  readonly vaultContents: VaultContents;
  readonly clientDeletions: ClientDeletions;
  readonly registeredClients: Pick<RegisteredClients, 'add' | 'remove'>;
  readonly deletedGrants: DeletedGrants;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** Default entries of a page: the maximum in AWS. */
const PAGE = 20;

/**
 * Deletes the provider, its client secret, and all of its grants, whose tokens the provider revokes. Later requests for
 * this provider find none.
 *
 * @throws ResourceNotFoundException, AccessDeniedException; ThrottlingException if a retry must continue
 */
export function deleteOauth2Provider(
  deps: Oauth2ProviderListingDependencies,
  principal: Caller,
  name: string,
): Promise<void> {
  return audited(
    deps.audit,
    { operation: 'DeleteOauth2CredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: name });
      const provider = await resourceToDelete(deps.providers, 'OAuth 2.0 credential provider', call, name);
      annotate({ result: provider.id });
      await deleteWithContents(deps.providers, provider, async () => {
        const revoked = await revokeDeletedGrants(deps.deletedGrants, {
          id: provider.id,
          requestedBy: principal.arn,
          grants: { providerId: provider.id },
        });
        // The client authenticates the revocations, so the outbox deletes it after them.
        await unregister(deps, provider, provider, 'deleted-provider');
        await withdraw(deps, provider, revoked);
        await deleteClientSecret(deps, provider);
        await deps.vaultContents.deleteGrantsOfProvider(provider.id);
      });
    },
  );
}

/** Lists the caller's OAuth2 providers by name. @throws ValidationException for a token of another listing */
export function listOauth2Providers(
  deps: Oauth2ProviderListingDependencies,
  principal: Caller,
  input: ListInput,
): Promise<Listed<Oauth2Provider>> {
  return audited(deps.audit, { operation: 'ListOauth2CredentialProviders', principal }, (_annotate, call) =>
    listOwned({ store: deps.providers, tokens: deps.pageTokens, most: PAGE }, call, input),
  );
}
