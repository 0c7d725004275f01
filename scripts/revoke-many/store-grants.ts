/**
 * Stores grants as a consent leaves them, with the service's own stores and encryption. Thousands of sign-ins at the
 * authorization server would take longer than everything that is measured.
 */
import {
  BedrockAgentCoreControlClient,
  CreateOauth2CredentialProviderCommand,
  CreateWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { createGrantStore } from '../../lambda/adapters/dynamodb/grant-store';
import { createOauth2ProviderStore } from '../../lambda/adapters/dynamodb/oauth2-provider-store';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createWorkloadIdentityStore } from '../../lambda/adapters/dynamodb/workload-identity-store';
import { createSeal } from '../../lambda/adapters/kms/seal';
import { system } from '../../lambda/adapters/system';
import { forEachConcurrently } from '../../lambda/domain/concurrency';
import { grantTarget } from '../../lambda/domain/grant/grant';
import { detailsOf, sealTokens } from '../../lambda/domain/grant/tokens';
import { userHashOf } from '../../lambda/model/user';
import { vaultKeysOf } from '../../lambda/handlers/composition/vault-keys';
import { localTableName } from '../../lib/local/dynamodb';
import type { EmulatorAccess } from '../../lib/local/emulators';
import { LOCAL_ACCOUNT, LOCAL_REGION, type Principals } from '../../lib/local/principals';
import { SCOPE, type AuthorizationServer } from './authorization-server';

export const PROVIDER = 'calendar';

const AGENTS = ['travel-agent', 'meeting-agent', 'report-agent'];

/** Grants in parallel. */
const CONCURRENCY = 16;

/** Creates the agents and their one credential provider. */
async function register(
  endpoint: string,
  { agent: { accessKeyId, secretAccessKey } }: Principals,
  { client }: AuthorizationServer,
): Promise<void> {
  const control = new BedrockAgentCoreControlClient({
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId, secretAccessKey },
    ...{ signingName: 'execute-api' },
  });
  for (const name of AGENTS) await control.send(new CreateWorkloadIdentityCommand({ name }));
  const { discoveryUrl, clientId, clientSecret } = client;
  await control.send(
    new CreateOauth2CredentialProviderCommand({
      name: PROVIDER,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: { clientId, clientSecret, oauthDiscovery: { discoveryUrl } },
      },
    }),
  );
  control.destroy();
}

function storesOf({ credentials, endpoints, kmsKeyArn }: EmulatorAccess) {
  const settings = { region: LOCAL_REGION, credentials };
  const dynamodb = new DynamoDBClient({ ...settings, endpoint: endpoints.dynamodb });
  const kms = new KMSClient({ ...settings, endpoint: endpoints.kms });
  const directory = createTable(dynamodb, localTableName('Directory'));
  const tables = { DIRECTORY_TABLE: directory, KEYS_TABLE: createTable(dynamodb, localTableName('Keys')) };
  const env = {
    KMS_KEY_ARN: kmsKeyArn,
    ARN_PREFIX: `arn:aws:bedrock-agentcore:${LOCAL_REGION}:${LOCAL_ACCOUNT}`,
  };
  return {
    seal: createSeal(
      vaultKeysOf({ kms, tables }, env, (error) => {
        throw error;
      }),
    ),
    grants: createGrantStore(createTable(dynamodb, localTableName('Vault'))),
    workloads: createWorkloadIdentityStore(directory),
    providers: createOauth2ProviderStore(directory),
  };
}

export interface GrantsToStore {
  /** Address of the service. */
  readonly endpoint: string;
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  readonly server: AuthorizationServer;
  readonly count: number;
  readonly progress: (stored: number) => void;
}

/** Stores grants for as many users, at one provider. */
export async function storeGrants(options: GrantsToStore): Promise<void> {
  const { endpoint, emulators, principals, server, count, progress } = options;
  await register(endpoint, principals, server);
  const { seal, grants, workloads, providers } = storesOf(emulators);
  const provider = await providers.get(PROVIDER);
  const agents = await Promise.all(AGENTS.map((name) => workloads.get(name)));
  if (!provider) throw new Error('the provider was not created');
  const target = grantTarget({
    flow: 'USER_FEDERATION',
    providerName: PROVIDER,
    resources: [],
    audiences: [],
    scopes: [],
  });
  let stored = 0;
  await forEachConcurrently([...Array(count).keys()], CONCURRENCY, async (number) => {
    const workload = agents[number % agents.length];
    if (!workload) throw new Error('an agent was not created');
    const user = `user-${number}`;
    const grantId = {
      workloadId: workload.id,
      userHash: userHashOf({ kind: 'user-id', id: user }),
      target,
    };
    const owner = { grantId, provider, workloadArn: workload.arn, resources: [], audiences: [] };
    const lease = { holder: user, deadline: 0 };
    const tokens = await sealTokens(
      { seal, system },
      owner,
      { ...(await server.issue(user)), scopes: SCOPE.split(' ') },
      { requestedScopes: SCOPE.split(' ') },
    );
    const details = { providerId: provider.id, details: detailsOf(owner), seen: undefined, lease };
    const isStored =
      (await grants.takeLease(grantId, details)) &&
      (await grants.putRenewed(grantId, { holder: user, epoch: 0, tokens }));
    if (!isStored) throw new Error('a grant could not be stored');
    stored += 1;
    progress(stored);
  });
}
