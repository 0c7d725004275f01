/**
 * The single round trip of the hot path: one strongly consistent BatchGetItem reads identity, provider, grant, the
 * restrictions on the agent and the user, and the agents before the agent with their restrictions.
 */
import type { Directory } from '../../domain/grant/directory';
import { NO_USER } from '../../model/user';
import type { IdentityReader, Restrictions } from '../../domain/restriction/restriction';
import type { Workload } from '../../domain/identity/workload-identity';
import { batchGet, type Found, type Wanted } from './batch-get';
import type { DynamoDb } from './client';
import { ApiKeyProviderSchema } from '../../model/records/api-key-provider';
import { keyOf, parseGrant } from './grant-store';
import {
  agentRestrictionKey,
  apiKeyKey,
  apiKeyProviderKey,
  oauth2ProviderKey,
  userRestrictionKey,
  workloadIdentityKey,
  type Key,
} from '../../model/table-keys';
import { parseOwnedResource } from './owned-resource-store';
import { parseSecret } from './secret-store';
import { AgentRestrictionSchema, UserRestrictionSchema } from '../../model/records/restriction';
import { parseRecord } from './record';
import { Oauth2ProviderSchema } from '../../model/provider/record';
import { WorkloadIdentitySchema } from '../../model/records/workload-identity';

/**
 * The agent's identity and the restrictions, which every read contains.
 *
 * @param chain the agents before the agent; no two have the same name
 */
function partiesOf(workloadName: string, userHash: string | undefined, chain: readonly Workload[] = []) {
  const links = chain.map((workload) => ({
    workload,
    identity: workloadIdentityKey(workload.name),
    restriction: agentRestrictionKey(workload.name),
  }));
  const identity = workloadIdentityKey(workloadName);
  const agent = agentRestrictionKey(workloadName);
  const user = userHash === undefined || userHash === NO_USER ? undefined : userRestrictionKey(userHash);
  return {
    keys: [
      identity,
      agent,
      ...(user ? [user] : []),
      ...links.flatMap(({ identity: linked, restriction }) => [linked, restriction]),
    ],
    identityIn: (found: Found) => parseOwnedResource(WorkloadIdentitySchema, found(identity)),
    restrictionsIn: (found: Found): Restrictions => ({
      agent: parseRecord(AgentRestrictionSchema, found(agent)),
      user: user && parseRecord(UserRestrictionSchema, found(user)),
      ...(links.length > 0 && {
        chain: links.map(({ workload, identity: linked, restriction }) => ({
          workload,
          identity: parseOwnedResource(WorkloadIdentitySchema, found(linked)),
          restriction: parseRecord(AgentRestrictionSchema, found(restriction)),
        })),
      }),
    }),
  };
}

/** @param table name of the directory table */
export function createIdentityReader(client: DynamoDb, table: string): IdentityReader {
  return {
    async readIdentity(workloadName, userHash, chain) {
      const { keys, identityIn, restrictionsIn } = partiesOf(workloadName, userHash, chain);
      const found = await batchGet(
        client,
        keys.map((key) => ({ table, key })),
      );
      return { identity: identityIn(found), restrictions: restrictionsIn(found) };
    },
  };
}

export function createDirectoryReader(
  client: DynamoDb,
  tables: { readonly directory: string; readonly vault: string },
): Directory {
  const inDirectory = (key: Key): Wanted => ({ table: tables.directory, key });
  return {
    ...createIdentityReader(client, tables.directory),
    async read(workloadName, providerName, userHash, grantId, chain) {
      const { keys, identityIn, restrictionsIn } = partiesOf(workloadName, userHash, chain);
      const provider = oauth2ProviderKey(providerName);
      const grant = grantId && keyOf(grantId);
      const found = await batchGet(client, [
        ...[...keys, provider].map(inDirectory),
        ...(grant ? [{ table: tables.vault, key: grant }] : []),
      ]);
      return {
        identity: identityIn(found),
        provider: parseOwnedResource(Oauth2ProviderSchema, found(provider)),
        grant: grant && parseGrant(found(grant)),
        restrictions: restrictionsIn(found),
      };
    },
    async readApiKeyProvider(workloadName, providerName, userHash, chain, expectedId) {
      const { keys, identityIn, restrictionsIn } = partiesOf(workloadName, userHash, chain);
      const providerKey = apiKeyProviderKey(providerName);
      const secret = expectedId === undefined ? undefined : apiKeyKey(expectedId);
      const found = await batchGet(client, [
        ...[...keys, providerKey].map(inDirectory),
        ...(secret ? [{ table: tables.vault, key: secret }] : []),
      ]);
      const provider = parseOwnedResource(ApiKeyProviderSchema, found(providerKey));
      return {
        identity: identityIn(found),
        provider,
        sealedApiKey: secret && provider?.id === expectedId ? parseSecret(found(secret)) : undefined,
        restrictions: restrictionsIn(found),
      };
    },
  };
}
