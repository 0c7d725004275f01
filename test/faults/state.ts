/** Items of the tables, read by the parsers of the code. */
import {
  createConsentPortalStore,
  parseOwnedResource,
} from '../../lambda/adapters/dynamodb/owned-resource-store';
import {
  createClientMetadataStore,
  createSigningKeyStore,
  createTokenVaultStore,
} from '../../lambda/adapters/dynamodb/directory-stores';
import { parseGrant } from '../../lambda/adapters/dynamodb/grant-store';
import {
  createPortalSessionStore,
  createSessionStore,
  createUnappliedReportStore,
} from '../../lambda/adapters/dynamodb/session-stores';
import { parseRecord } from '../../lambda/adapters/dynamodb/record';
import { AgentRestrictionSchema, UserRestrictionSchema } from '../../lambda/model/records/restriction';
import { createRevocationStore } from '../../lambda/adapters/dynamodb/revocation-store';
import { parseSecret } from '../../lambda/adapters/dynamodb/secret-store';
import { createVaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import { Oauth2ProviderSchema } from '../../lambda/model/provider/record';
import { ApiKeyProviderSchema } from '../../lambda/model/records/api-key-provider';
import { GatewaySchema, GatewayTargetSchema } from '../../lambda/model/records/gateway';
import { GatewayRateLimitsSchema } from '../../lambda/model/records/gateway-rate-limits';
import { EnginePoliciesSchema, PolicyEngineSchema } from '../../lambda/model/records/policy-engine';
import { WorkloadIdentitySchema } from '../../lambda/model/records/workload-identity';
import type { Table } from '../../lambda/adapters/dynamodb/table';
import {
  enginePoliciesKey,
  PREFIX,
  rateLimitsKey,
  TARGET_PREFIX,
  unappliedReportsKey,
  usedStateKey,
} from '../../lambda/model/table-keys';
import { kindOf } from './calls';
import type { Touched } from './fault-proxy';
import type { Stage } from './stage';

type Reader = (read: { readonly table: Table; readonly item: unknown; readonly touched: Touched }) => unknown;

const after = (prefix: string, pk: string): string => pk.slice(prefix.length);

const { sk: UNAPPLIED } = unappliedReportsKey('');
const { sk: LIMITS } = rateLimitsKey('');
const { sk: POLICIES } = enginePoliciesKey('');
const { sk: USED_STATE } = usedStateKey('');

/** By kind of item. A kind without a reader is an error, so that a new kind gets one. */
const READERS: Readonly<Record<string, Reader>> = {
  'WORKLOAD-IDENTITY': ({ item }) => parseOwnedResource(WorkloadIdentitySchema, item),
  'OAUTH2-PROVIDER': ({ item }) => parseOwnedResource(Oauth2ProviderSchema, item),
  'API-KEY-PROVIDER': ({ item }) => parseOwnedResource(ApiKeyProviderSchema, item),
  'CONSENT-PORTAL': ({ table, touched: { pk } }) =>
    createConsentPortalStore(table).getForDeletion(after(PREFIX.consentPortal, pk)),
  GATEWAY: ({ item, touched: { sk } }) =>
    sk.startsWith(TARGET_PREFIX)
      ? parseRecord(GatewayTargetSchema, item)
      : sk === LIMITS
        ? parseRecord(GatewayRateLimitsSchema, item)
        : parseOwnedResource(GatewaySchema, item),
  'POLICY-ENGINE': ({ item, touched: { sk } }) =>
    sk === POLICIES ? parseRecord(EnginePoliciesSchema, item) : parseOwnedResource(PolicyEngineSchema, item),
  'CLIENT-METADATA': ({ table, touched: { pk } }) =>
    createClientMetadataStore(table).get(after(PREFIX.clientMetadata, pk)),
  'SIGNING-KEY': ({ table }) => createSigningKeyStore(table).since(0),
  'VAULT-KEY': ({ table, touched: { pk, sk } }) => {
    const [purpose = '', ownerId = ''] = after(PREFIX.vaultKey, pk).split('#');
    return createVaultKeyStore(table).get({ purpose, ownerId } as never, sk);
  },
  'TOKEN-VAULT': ({ table }) => createTokenVaultStore(table).get(),
  GRANT: ({ item }) => parseGrant(item),
  'CLIENT-SECRET': ({ item }) => parseSecret(item),
  'API-KEY': ({ item }) => parseSecret(item),
  SESSION: ({ table, touched: { pk } }) => createSessionStore(table).get(after(PREFIX.session, pk)),
  'PORTAL-SESSION': ({ table, touched: { pk } }) =>
    createPortalSessionStore(table).get(after(PREFIX.portalSession, pk)),
  'RESTRICTION#AGENT': ({ item }) => parseRecord(AgentRestrictionSchema, item),
  'RESTRICTION#USER': ({ item }) => parseRecord(UserRestrictionSchema, item),
  REVOCATION: ({ table, touched: { pk } }) => createRevocationStore(table).get(after(PREFIX.revocation, pk)),
  'RECEIVED-EVENT': ({ item }) => item,
  // The functions only write it.
  'USED-ASSERTION': ({ item }) => item,
  [USED_STATE]: ({ item }) => item,
  // One item for each issuer, with the reports that wait.
  [UNAPPLIED]: ({ table, touched: { pk } }) =>
    createUnappliedReportStore(table).of(after(PREFIX.receivedEvent, pk)),
  'REVOKED-GRANT': ({ table, touched: { pk } }) =>
    createRevocationStore(table).getItem(after(PREFIX.outboxItem, pk)),
};

/** How many items of each kind exist. */
export type Inventory = Readonly<Record<string, number>>;

/**
 * Reads the items that a case wrote.
 *
 * @throws Error for an item that the code cannot read
 */
export async function inventoryOf(stage: Stage, touched: readonly Touched[]): Promise<Inventory> {
  const counts: Record<string, number> = {};
  for (const each of touched) {
    const table = stage.table(each.table);
    const item = await table.get({ pk: each.pk, sk: each.sk });
    if (item === undefined) continue;
    const kind = [UNAPPLIED, USED_STATE].includes(each.sk) ? each.sk : kindOf(each.pk);
    const reader = READERS[kind];
    if (!reader) throw new Error(`There is no reader for items of the kind ${kind}.`);
    if ((await reader({ table, item, touched: each })) === undefined && kind !== 'TOKEN-VAULT')
      throw new Error(`The code does not find an item of the kind ${kind}, which exists.`);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
