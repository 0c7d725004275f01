/** The contracts of every store port, to run with an implementation of all ports. */
import type { Stores } from '../domain/in-memory-stores';
import { sampleIdentity, samplePortal, sampleProvider } from '../domain/samples';
import { clientMetadataStoreContract } from './client-metadata-store.contract';
import { deletedGrantContract } from './deleted-grant.contract';
import { directoryContract } from './directory.contract';
import { grantLeaseContract } from './grant-lease.contract';
import { grantStoreContract } from './grant-store.contract';
import { oauth2ProviderStoreContract } from './oauth2-provider-store.contract';
import { ownedResourceStoreContract } from './owned-resource-store.contract';
import { registeredClientsContract } from './registered-client-store.contract';
import { restrictionStoreContract } from './restriction-store.contract';
import { grantIndexContract } from './grant-index.contract';
import { revocationStoreContract } from './revocation-store.contract';
import { secretStoreContract } from './secret-store.contract';
import { sessionStoreContract } from './session-store.contract';
import { signingKeyStoreContract } from './signing-key-store.contract';
import { tokenVaultStoreContract } from './token-vault-store.contract';
import { vaultKeyStoreContract } from './vault-key-store.contract';
import { workloadIdentityStoreContract } from './workload-identity-store.contract';

const CONTRACTS = {
  WorkloadIdentityStore: workloadIdentityStoreContract,
  Oauth2ProviderStore: oauth2ProviderStoreContract,
  'OwnedResourceStore of workload identities': ownedResourceStoreContract(
    (stores) => stores.identities,
    sampleIdentity,
  ),
  'OwnedResourceStore of OAuth2 providers': ownedResourceStoreContract(
    (stores) => stores.providers,
    sampleProvider,
  ),
  'OwnedResourceStore of consent portals': ownedResourceStoreContract(
    (stores) => stores.portals,
    samplePortal,
  ),
  'SecretStore of client secrets': secretStoreContract('clientSecrets'),
  'SecretStore of API keys': secretStoreContract('apiKeys'),
  ClientMetadataStore: clientMetadataStoreContract,
  RegisteredClients: registeredClientsContract,
  SessionStore: sessionStoreContract,
  GrantStore: grantStoreContract,
  'GrantStore of leases': grantLeaseContract,
  'GrantStore of deleted grants': deletedGrantContract,
  GrantIndex: grantIndexContract,
  RevocationStore: revocationStoreContract,
  SigningKeyStore: signingKeyStoreContract,
  VaultKeyStore: vaultKeyStoreContract,
  TokenVaultStore: tokenVaultStoreContract,
  RestrictionStore: restrictionStoreContract,
  Directory: directoryContract,
};

/**
 * @param stores called inside the tests, once the implementation is up; the stores begin empty and are shared by
 *   all contracts
 */
export function storeContracts(stores: () => Stores): void {
  describe.each(Object.entries(CONTRACTS))('%s', (_port, contract) => {
    contract(stores);
  });
}
