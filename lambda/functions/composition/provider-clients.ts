/** Composition of the clients of authorization servers, for every function that sends requests to them. */
import { createClientSecretStore } from '../../adapters/dynamodb/secret-store';
import { createTransport } from '../../adapters/http/transport';
import { createAssertionKeys } from '../../adapters/kms/assertion-keys';
import { createCertificateObjects } from '../../adapters/s3/certificate-objects';
import { createWebIdentityTokens } from '../../adapters/sts/web-identity-tokens';
import { system } from '../../adapters/system';
import { createProviderClients } from '../../domain/oauth/provider-client';
import { createAuthorityCertificates } from '../../domain/oauth/authority-certificates';
import { createMetadataReader } from '../../domain/oauth/provider-metadata';
import { createExternalSecrets } from '../../domain/sealing/external-secret';
import type { Seal } from '../../domain/sealing/sealing';
import type { Aws } from './aws';
import { readConnectionPolicy } from './environment';
import { readAccount, secretTexts } from './regions';

/** Returns the clients, and the parts of them that a function also needs by themselves. */
export function providerClientsOf(
  { kms, tables }: Pick<Aws<'VAULT_TABLE'>, 'kms' | 'tables'>,
  { seal }: { readonly seal: Seal },
) {
  const endpointPolicy = readConnectionPolicy();
  const secrets = secretTexts();
  const certificates = createAuthorityCertificates(
    { secrets, objects: createCertificateObjects(readAccount()) },
    system,
  );
  const transport = createTransport(endpointPolicy, certificates);
  const parts = {
    clientSecrets: createClientSecretStore(tables.VAULT_TABLE),
    externalSecrets: createExternalSecrets(secrets, system),
    webIdentityTokens: createWebIdentityTokens(),
    metadata: createMetadataReader(transport, endpointPolicy, system),
    transport,
    seal,
  };
  const assertionKeys = createAssertionKeys(kms, system);
  return {
    ...parts,
    providerClients: createProviderClients({ ...parts, assertionKeys, endpointPolicy, system }),
  };
}
