/**
 * What the live tables say now about the records of a restored one: which owners exist, which vault keys, which
 * suspensions, and which revocations. Reads are strongly consistent.
 */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import {
  agentRestrictionKey,
  PREFIX,
  userRestrictionKey,
  vaultKeyKey,
  vaultKeyPartition,
  TOKEN_VAULT_KEY,
  type Key,
} from '../../../../lambda/model/table-keys';
import type { GrantId } from '../../../../lambda/model/grant-id';
import { OwnedResourceSchema } from '../../../../lambda/model/records/owned-resource';
import { OutboxItemSchema, RevocationSchema } from '../../../../lambda/model/records/revocation-outbox';
import { CliError } from '../../failure';
import type { DynamoDb, Item } from '../../dynamodb';
import type { LiveTables, Role } from './tables';

/** A workload identity or a credential provider. */
export interface Owner {
  readonly id: string;
  readonly name: string;
  readonly kind: 'agent' | 'provider';
  readonly revision: number;
  /** Epoch seconds. */
  readonly lastUpdatedTime: number;
  /** Whether its deletion has started. */
  readonly deleted: boolean;
}

export interface GrantOfRevocation extends GrantId {
  readonly providerId: string;
  readonly providerName: string;
}

/** A revocation: the grants that it names, and when. */
interface Revoked {
  readonly names: (grant: GrantOfRevocation) => boolean;
  /** Epoch seconds. */
  readonly at: number;
}

const OwnerItem = v.pick(OwnedResourceSchema, ['id', 'name', 'revision', 'lastUpdatedTime']);

const RevocationItem = v.pick(RevocationSchema, ['createdTime', 'filter']);

const OutboxItem = v.pick(OutboxItemSchema, ['createdTime', 'grantId']);

const KINDS = [
  [PREFIX.workloadIdentity, 'agent'],
  [PREFIX.oauth2Provider, 'provider'],
  [PREFIX.apiKeyProvider, 'provider'],
] as const;

/**
 * Returns a record on which a decision depends.
 *
 * @throws CliError if it has a member or a value that this command does not know
 */
function evidence<Schema extends v.GenericSchema>(schema: Schema, item: unknown): v.InferOutput<Schema> {
  const { success, output } = v.safeParse(schema, item);
  if (success) return output;
  const { pk } = item as { pk?: unknown };
  throw new CliError(
    `The live record ${String(pk)} cannot be read, so it is not known what it revokes or suspends. Nothing more was written.`,
    { next: 'Use the version of the command that belongs to the deployment.' },
  );
}

const attributeKey = ({ pk, sk }: Key): Item => ({ pk: { S: pk }, sk: { S: sk } });

const idOf = (grant: GrantId): string => JSON.stringify([grant.workloadId, grant.userHash, grant.target]);

const isOrAny = (stated: string | undefined, value: string): boolean =>
  stated === undefined || stated === value;

function revocationOf(item: unknown): Revoked {
  const { createdTime: at, filter } = evidence(RevocationItem, item);
  const grantId = filter.grantId && idOf(filter.grantId);
  return {
    at,
    names: (grant) =>
      isOrAny(grantId, idOf(grant)) &&
      isOrAny(filter.workloadId, grant.workloadId) &&
      isOrAny(filter.providerId, grant.providerId) &&
      isOrAny(filter.providerName, grant.providerName) &&
      isOrAny(filter.userHash, grant.userHash),
  };
}

/** Seconds after which a revocation selects the grants a second time, at the latest. */
const SECOND_SELECTION_S = 120;

const Suspending = v.object({
  suspendedByOperator: v.optional(v.unknown()),
  accountAtIssuer: v.optional(v.object({ state: v.string() })),
});

const suspends = (item: Item | undefined): boolean => {
  if (item === undefined) return false;
  const { suspendedByOperator, accountAtIssuer } = evidence(Suspending, unmarshall(item));
  return (
    suspendedByOperator !== undefined ||
    (accountAtIssuer !== undefined && accountAtIssuer.state !== 'ENABLED')
  );
};

export class Live {
  private readonly owners = new Map<string, { readonly key: Key; readonly owner: Owner }>();
  private readonly selections: Revoked[] = [];
  /** Time of the last revocation of one grant. */
  private readonly revokedAt = new Map<string, number>();

  private constructor(
    private readonly db: DynamoDb,
    private readonly tables: LiveTables,
  ) {}

  /** Reads the directory and the revocations as they are now. */
  static async read(db: DynamoDb, tables: LiveTables): Promise<Live> {
    const live = new Live(db, tables);
    for await (const items of db.scan(tables.directory)) for (const item of items) live.addOwner(item);
    for await (const items of db.scan(tables.revocations, {
      ProjectionExpression: '#pk, #time, #filter, #grant',
      ExpressionAttributeNames: {
        '#pk': 'pk',
        '#time': 'createdTime',
        '#filter': 'filter',
        '#grant': 'grantId',
      },
    })) {
      for (const item of items) live.addRevocation(item);
    }
    return live;
  }

  private addOwner(item: Item): void {
    const found = this.ownerOf(item);
    if (found) this.owners.set(found.owner.id, found);
  }

  private ownerOf(item: Item): { readonly key: Key; readonly owner: Owner } | undefined {
    const { pk, sk } = { pk: item.pk?.S ?? '', sk: item.sk?.S ?? '' };
    const kind = KINDS.find(([prefix]) => pk.startsWith(prefix))?.[1];
    if (kind === undefined) return undefined;
    // A record that cannot be read makes its owner count as missing.
    const { success, output } = v.safeParse(OwnerItem, unmarshall(item));
    return success
      ? { key: { pk, sk }, owner: { ...output, kind, deleted: item.deleted !== undefined } }
      : undefined;
  }

  private addRevocation(item: Item): void {
    const members = unmarshall(item);
    if (!String(members.pk).startsWith(PREFIX.outboxItem)) {
      this.selections.push(revocationOf(members));
      return;
    }
    const { createdTime, grantId } = evidence(OutboxItem, members);
    const id = idOf(grantId);
    this.revokedAt.set(id, Math.max(createdTime, this.revokedAt.get(id) ?? 0));
  }

  item(role: Role, key: Item): Promise<Item | undefined> {
    return this.db.get(this.tables[role], key);
  }

  /** Returns the owner as it was when the directory was read, for filters and listings. */
  known(id: string): Owner | undefined {
    return this.owners.get(id)?.owner;
  }

  /** Returns the owner as it is now; undefined if it does not exist, another one has its name, or it is being deleted. */
  async owner(id: string): Promise<Owner | undefined> {
    const known = this.owners.get(id);
    const item = known && (await this.item('directory', attributeKey(known.key)));
    const owner = item && this.ownerOf(item)?.owner;
    return owner?.id === id && !owner.deleted ? owner : undefined;
  }

  async hasVaultKey(purpose: string, ownerId: string, version: string): Promise<boolean> {
    return (await this.item('keys', attributeKey(vaultKeyKey(purpose, ownerId, version)))) !== undefined;
  }

  /** Whether the owner has a vault key for one of the purposes. The deletion of an owner deletes them all first. */
  async hasAnyVaultKey(purposes: readonly string[], ownerId: string): Promise<boolean> {
    for (const purpose of purposes) {
      const { Count: count = 0 } = await this.db.call<{ Count?: number }>('Query', {
        TableName: this.tables.keys,
        ConsistentRead: true,
        Select: 'COUNT',
        Limit: 1,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':pk': { S: vaultKeyPartition(purpose, ownerId) } },
      });
      if (count > 0) return true;
    }
    return false;
  }

  /** Whether an operator or the identity provider suspends the agent or the user. */
  async isSuspended(workloadName: string, userHash: string | undefined): Promise<boolean> {
    const keys = [
      agentRestrictionKey(workloadName),
      ...(userHash === undefined ? [] : [userRestrictionKey(userHash)]),
    ];
    const items = await Promise.all(keys.map((key) => this.item('directory', attributeKey(key))));
    return items.some(suspends);
  }

  /** Whether a revocation names the grant, at the time or later. */
  isRevoked(grant: GrantOfRevocation, since: number): boolean {
    const at = this.revokedAt.get(idOf(grant));
    return (
      (at !== undefined && at >= since) ||
      this.selections.some((one) => one.at + SECOND_SELECTION_S >= since && one.names(grant))
    );
  }

  /** Returns the revision of the token vault: how often it was moved to another KMS key. */
  async vaultRevision(): Promise<number> {
    const { revision } = (await this.item('directory', attributeKey(TOKEN_VAULT_KEY))) ?? {};
    return Number(revision?.N ?? 0);
  }
}
