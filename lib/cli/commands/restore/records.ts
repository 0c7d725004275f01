/**
 * Decides for each record of a restored table whether it may return to the live one. The live tables have no marks of
 * what was deleted, so a record returns only if the other live tables show that it was lost: whatever a request deleted,
 * revoked, or suspended since stays so. What cannot be decided does not return.
 */
import { nameInArn } from '../../../../lambda/model/arn';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { PREFIX, TTL_ATTRIBUTE } from '../../../../lambda/model/table-keys';
import type { Item } from '../../dynamodb';
import type { GrantOfRevocation, Live, Owner } from './live';
import type { Target } from './tables';

/** Why a record does not return. Programs match the names: docs/cli.md lists them. */
export const REASONS = {
  Present: 'the live record is the same or newer',
  AgentMissing: 'the agent was deleted, or another one has its name',
  ProviderMissing: 'the credential provider was deleted, or another one has its name',
  Deleted: 'deleted (it has no vault key), or never used: create it again',
  Recreated: 'another resource has its name',
  KeyShredded: 'its vault key does not exist, so it could not be decrypted',
  FormerKmsKey: 'it is wrapped by a KMS key that the token vault no longer uses',
  Revoked: 'revoked since: the user must consent again',
  RevocationsForgotten: 'the restored time is so long ago that revocations since are no longer recorded',
  Suspended: 'the agent or the user is suspended: resume, then restore',
  SecretChanged: 'the provider was changed since: set the secret again',
  NoTokens: 'it has no tokens',
  Expired: 'it has expired',
  RestrictsNothing: 'it suspends nothing and ends no session',
  NeverRestored: 'records of this kind never return',
  Unreadable: 'it is malformed, or of a later version',
} as const;
export type Reason = keyof typeof REASONS;

export const RECORD_KINDS = [
  'agent',
  'provider',
  'restriction',
  'user-email',
  'vault-key',
  'grant',
  'client-secret',
  'api-key',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** What listings and filters state of a record: never a secret or a ciphertext. */
export interface Subject {
  readonly record: RecordKind | 'other';
  readonly agent?: string | undefined;
  readonly provider?: string | undefined;
  readonly userHash?: string | undefined;
  /** Of a resource. */
  readonly owner?: string | undefined;
}

/** A write, on a condition that the live record still is as the decision found it. */
export interface Write {
  readonly item: Item;
  readonly condition: object;
  /** Whether it replaces an older live record of the same resource, which a later check must not remove. */
  readonly replaces: boolean;
}

export type Decision = { readonly write: Write } | { readonly reason: Reason };

export interface Candidate {
  readonly table: Target | 'sessions' | 'revocations';
  readonly subject: Subject;
  /** @param written whether the record is already written, and its absence no condition any more */
  readonly decide: (live: Live, written: boolean) => Promise<Decision>;
}

interface Times {
  /** Epoch seconds. */
  readonly now: number;
  /** Epoch seconds to which the table was restored. */
  readonly restoredTo: number;
}

const ABSENT = { ConditionExpression: 'attribute_not_exists(pk)' };

/** Revocations stay recorded for 30 days. One day is for clocks and for the run. */
const REVOCATIONS_KNOWN_S = 29 * 24 * 3600;

const keep = (reason: Reason): Decision => ({ reason });
const write = (item: Item, condition: object = ABSENT, replaces = false): Decision => ({
  write: { item, condition, replaces },
});

const keyOf = ({ pk, sk }: Item): Item => ({ ...(pk && { pk }), ...(sk && { sk }) });

/** All records that return have had one format so far. */
const recordVersion = v.literal(1);

const Resource = v.object({
  recordVersion,
  id: v.string(),
  name: v.string(),
  owner: v.string(),
  revision: v.number(),
  lastUpdatedTime: v.number(),
  deleted: v.optional(v.unknown()),
});

const Restriction = v.object({
  recordVersion,
  name: v.optional(v.string()),
  userHash: v.optional(v.string()),
  suspendedByOperator: v.optional(v.unknown()),
  accountAtIssuer: v.optional(v.unknown()),
  endedBefore: v.optional(v.unknown()),
  endedSessions: v.optional(v.unknown()),
});

const UserEmail = v.object({ recordVersion, userHash: v.string() });

const VaultKey = v.object({
  recordVersion,
  purpose: v.string(),
  ownerId: v.string(),
  ownerArn: v.string(),
  version: v.string(),
  vaultRevision: v.number(),
});

const Grant = v.object({
  recordVersion,
  workloadId: v.string(),
  subjectHash: v.string(),
  userHash: v.optional(v.string()),
  target: v.string(),
  providerId: v.string(),
  generation: v.number(),
  epoch: v.number(),
  [TTL_ATTRIBUTE]: v.optional(v.number()),
  tokens: v.optional(v.object({ sealed: v.string(), obtainedAt: v.number() })),
});

const Secret = v.object({ recordVersion, sealed: v.string(), revision: v.number() });

const Header = v.pipe(
  v.string(),
  v.transform((jwe) => Buffer.from(jwe.split('.')[0] ?? '', 'base64url').toString()),
  v.parseJson(),
  v.object({ kid: v.string() }),
);

/** Returns the version of the vault key in the header of a compact JWE (RFC 7516). */
function vaultKeyVersionOf(sealed: string): string | undefined {
  const { success, output } = v.safeParse(Header, sealed);
  return success ? output.kid : undefined;
}

/** Purposes of the vault keys that return; those of sessions and of the revocation outbox do not. */
const PURPOSE = { grant: 'grant', 'client-secret': 'client-secret', 'api-key': 'api-key' } as const;

/** The purposes of vault keys by which a resource shows that it was not deleted. */
const PURPOSES_OF = {
  agent: ['grant', 'consent', 'subject-token'],
  provider: ['client-secret', 'api-key'],
} as const;

const other: Subject = { record: 'other' };

type Candidates = (item: Item, live: Live, times: Times) => Candidate;

const never =
  (table: Candidate['table']): Candidates =>
  () => ({ table, subject: other, decide: () => Promise.resolve(keep('NeverRestored')) });

const unreadable = (table: Candidate['table']): Candidate => ({
  table,
  subject: other,
  decide: () => Promise.resolve(keep('Unreadable')),
});

/** Returns the candidate of a record that has the schema. */
const parsed =
  <Schema extends v.GenericSchema>(
    table: Target,
    schema: Schema,
    candidate: (
      record: v.InferOutput<Schema>,
      item: Item,
      live: Live,
      times: Times,
    ) => Omit<Candidate, 'table'>,
  ): Candidates =>
  (item, live, times) => {
    const { success, output } = v.safeParse(schema, unmarshall(item));
    return success ? { table, ...candidate(output, item, live, times) } : unreadable(table);
  };

const resource = (kind: Owner['kind']): Candidates =>
  parsed('directory', Resource, ({ id, name, owner, revision, lastUpdatedTime, deleted }, item) => ({
    subject: { record: kind, [kind]: name, owner },
    async decide(live, written) {
      if (deleted !== undefined) return keep('Deleted');
      const present = written ? undefined : await live.item('directory', keyOf(item));
      if (present) {
        if (present.id?.S !== id) return keep('Recreated');
        const seen = present.revision ?? { N: '0' };
        const isOlder =
          present.deleted === undefined &&
          Number(seen.N) < revision &&
          Number(present.lastUpdatedTime?.N) <= lastUpdatedTime;
        if (!isOlder) return keep(present.deleted === undefined ? 'Present' : 'Deleted');
        const unchanged = {
          ConditionExpression: '#id = :id AND #revision = :seen AND attribute_not_exists(#deleted)',
          ExpressionAttributeNames: { '#id': 'id', '#revision': 'revision', '#deleted': 'deleted' },
          ExpressionAttributeValues: { ':id': { S: id }, ':seen': seen },
        };
        return write(item, unchanged, true);
      }
      return (await live.hasAnyVaultKey(PURPOSES_OF[kind], id)) ? write(item) : keep('Deleted');
    },
  }));

/** Only what restricts returns, and only where nothing restricts or has been lifted since: a record is never removed. */
const restriction: Candidates = parsed('directory', Restriction, (record, item) => ({
  subject: { record: 'restriction', agent: record.name, userHash: record.userHash },
  async decide(live, written) {
    if (!written && (await live.item('directory', keyOf(item)))) return keep('Present');
    const { suspendedByOperator, accountAtIssuer, endedBefore, endedSessions } = record;
    return [suspendedByOperator, accountAtIssuer, endedBefore, endedSessions].every(
      (one) => one === undefined,
    )
      ? keep('RestrictsNothing')
      : write(item);
  },
}));

const userEmail: Candidates = parsed('directory', UserEmail, ({ userHash }, item) => ({
  subject: { record: 'user-email', userHash },
  decide: async (live, written) =>
    !written && (await live.item('directory', keyOf(item))) ? keep('Present') : write(item),
}));

const vaultKey: Candidates = parsed('keys', VaultKey, (record, item) => {
  const { purpose, ownerId, ownerArn } = record;
  const isAgents = purpose === PURPOSE.grant;
  return {
    subject: { record: 'vault-key', [isAgents ? 'agent' : 'provider']: nameInArn(ownerArn) },
    async decide(live, written) {
      if (!Object.values<string>(PURPOSE).includes(purpose)) return keep('NeverRestored');
      if (!written && (await live.item('keys', keyOf(item)))) return keep('Present');
      const owner = await live.owner(ownerId);
      if (owner?.kind !== (isAgents ? 'agent' : 'provider')) {
        return keep(isAgents ? 'AgentMissing' : 'ProviderMissing');
      }
      return record.vaultRevision < (await live.vaultRevision()) ? keep('FormerKmsKey') : write(item);
    },
  };
});

/** A consent in progress and a renewal end with the restore: each is for one use. */
function withoutSteps(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'consent' && name !== 'lease'));
}

interface GrantFacts extends GrantOfRevocation {
  readonly workloadName: string;
  readonly sealed: string;
  /** Epoch seconds. */
  readonly obtainedAt: number;
}

/** Returns why the tokens must not return, whether or not the live table has the grant. */
async function grantFault(live: Live, grant: GrantFacts, times: Times): Promise<Reason | undefined> {
  const { workloadId, workloadName, userHash, sealed } = grant;
  if (times.now - times.restoredTo > REVOCATIONS_KNOWN_S) return 'RevocationsForgotten';
  if (live.isRevoked(grant, grant.obtainedAt)) return 'Revoked';
  if (await live.isSuspended(workloadName, userHash)) return 'Suspended';
  const version = vaultKeyVersionOf(sealed);
  if (version === undefined) return 'Unreadable';
  return (await live.hasVaultKey(PURPOSE.grant, workloadId, version)) ? undefined : 'KeyShredded';
}

const grant: Candidates = parsed('vault', Grant, (record, item, known, times) => {
  const { workloadId, subjectHash: userHash, target, providerId, tokens, [TTL_ATTRIBUTE]: ttl } = record;
  return {
    subject: {
      record: 'grant',
      agent: known.known(workloadId)?.name,
      provider: known.known(providerId)?.name,
      userHash: record.userHash,
    },
    async decide(live, written) {
      if (!tokens) return keep('NoTokens');
      if (ttl !== undefined && ttl <= times.now) return keep('Expired');
      if (!written && (await live.item('vault', keyOf(item)))) return keep('Present');
      const [agent, provider] = await Promise.all([live.owner(workloadId), live.owner(providerId)]);
      if (agent?.kind !== 'agent') return keep('AgentMissing');
      if (provider?.kind !== 'provider') return keep('ProviderMissing');
      const ids = { workloadId, userHash, target, providerId };
      const facts = { ...ids, workloadName: agent.name, providerName: provider.name, ...tokens };
      const fault = await grantFault(live, facts, times);
      return fault === undefined ? write(withoutSteps(item)) : keep(fault);
    },
  };
});

const secret = (kind: 'client-secret' | 'api-key', prefix: string): Candidates =>
  parsed('vault', Secret, ({ sealed, revision }, item, known, { restoredTo }) => {
    const providerId = (item.pk?.S ?? '').slice(prefix.length);
    return {
      subject: { record: kind, provider: known.known(providerId)?.name },
      async decide(live, written) {
        const present = written ? undefined : await live.item('vault', keyOf(item));
        if (present && Number(present.revision?.N) >= revision) return keep('Present');
        const provider = await live.owner(providerId);
        if (provider?.kind !== 'provider') return keep('ProviderMissing');
        if (provider.lastUpdatedTime > restoredTo) return keep('SecretChanged');
        const version = vaultKeyVersionOf(sealed);
        if (version === undefined) return keep('Unreadable');
        if (!(await live.hasVaultKey(kind, providerId, version))) return keep('KeyShredded');
        return write(item, {
          ConditionExpression: 'attribute_not_exists(pk) OR #revision < :revision',
          ExpressionAttributeNames: { '#revision': 'revision' },
          ExpressionAttributeValues: { ':revision': { N: String(revision) } },
        });
      },
    };
  });

/** The kinds of records, by the prefixes of their partition keys. */
const KINDS: Readonly<Record<keyof typeof PREFIX, Candidates>> = {
  workloadIdentity: resource('agent'),
  oauth2Provider: resource('provider'),
  apiKeyProvider: resource('provider'),
  agentRestriction: restriction,
  userRestriction: restriction,
  userEmail,
  vaultKey,
  grant,
  clientSecret: secret('client-secret', PREFIX.clientSecret),
  apiKey: secret('api-key', PREFIX.apiKey),
  // The deletion of a portal leaves nothing behind by which a lost one would differ.
  consentPortal: never('directory'),
  // The deletion of a gateway leaves nothing behind by which a lost one would differ.
  gateway: never('directory'),
  // The same is true for a policy engine.
  policyEngine: never('directory'),
  // An update of the provider publishes it again.
  clientMetadata: never('directory'),
  // Without it, a client is deleted that another provider of an unusual server has, too.
  registeredClient: never('directory'),
  // A key could be one that was revoked. The service creates new ones.
  signingKey: never('directory'),
  // An earlier record could name a KMS key that must not wrap anything again.
  tokenVault: never('directory'),
  // The function finds the newest digest again in the bucket.
  auditHead: never('directory'),
  // An earlier record could let two Regions write.
  writingRegion: never('directory'),
  // For one use each.
  session: never('sessions'),
  portalSession: never('sessions'),
  receivedEvent: never('sessions'),
  usedAssertion: never('sessions'),
  // For a minute each.
  requestCount: never('sessions'),
  openResponse: never('sessions'),
  // Their tokens were destroyed when the revocation ended.
  revocation: never('revocations'),
  outboxItem: never('revocations'),
};

/** Returns the candidate; undefined if the command does not know its kind. */
export function candidateOf(item: Item, live: Live, times: Times): Candidate | undefined {
  const pk = item.pk?.S ?? '';
  const names = Object.keys(PREFIX) as (keyof typeof PREFIX)[];
  const name = names.find((one) => pk.startsWith(PREFIX[one]));
  return name && KINDS[name](item, live, times);
}
