/** Composition of the control plane: it writes the directory and seals secrets, and can open none. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ambient } from '../adapters/ambient';
import {
  createClientSecretStore,
  createOauth2ProviderStore,
} from '../adapters/dynamodb/oauth2-provider-store';
import { createTable } from '../adapters/dynamodb/table';
import { createWorkloadIdentityStore } from '../adapters/dynamodb/workload-identity-store';
import { createSealOnly } from '../adapters/kms/seal';
import {
  oauth2ProviderCreated,
  oauth2ProviderDescribed,
  workloadIdentityCreated,
  workloadIdentityDescribed,
} from '../api/answers';
import { createHandler } from '../api/router';
import { createWorkloadIdentity, getWorkloadIdentity } from '../domain/identity/workload-identity';
import { createOauth2Provider, getOauth2Provider } from '../domain/provider/oauth2-provider';
import { readEndpointPolicy, readEnvironment } from './environment';
import { audit, report } from './logging';
import { vaultKeysOf } from './vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'VAULT_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
);
const dynamodb = new DynamoDBClient({});
const directory = createTable(dynamodb, env.DIRECTORY_TABLE);
const vaultKeys = vaultKeysOf(dynamodb, env);
const ports = {
  identities: createWorkloadIdentityStore(directory),
  providers: createOauth2ProviderStore(directory),
  clientSecrets: createClientSecretStore(createTable(dynamodb, env.VAULT_TABLE)),
  seal: createSealOnly(vaultKeys),
  audit,
  ambient,
  arnPrefix: env.ARN_PREFIX,
  endpointPolicy: readEndpointPolicy(),
};

export const handler = createHandler(
  'control-plane',
  {
    CreateWorkloadIdentity: async (input, principal) =>
      workloadIdentityCreated(await createWorkloadIdentity(ports, principal, input)),
    GetWorkloadIdentity: async ({ name }, principal) =>
      workloadIdentityDescribed(await getWorkloadIdentity(ports, principal, name)),
    CreateOauth2CredentialProvider: async ({ name, tags, oauth2ProviderConfigInput }, principal) => {
      const config = oauth2ProviderConfigInput.customOauth2ProviderConfig;
      return oauth2ProviderCreated(
        await createOauth2Provider(ports, principal, { name, tags, config }),
        env.BASE_URL,
      );
    },
    GetOauth2CredentialProvider: async ({ name }, principal) =>
      oauth2ProviderDescribed(await getOauth2Provider(ports, principal, name), env.BASE_URL),
  },
  report,
);
