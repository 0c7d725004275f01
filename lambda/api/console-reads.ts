/**
 * What the pages of the console show, by the operations that the operator's command uses. Every query is bounded: a
 * listing reads at most ten pages, the picture has few agents, and the audit log is read from its end.
 */
import * as v from 'valibot';
import { nameInArn } from '../model/arn';
import { auditMatcher, NOT_ALLOWED, type AuditFilter, type LoggedEntry } from '../model/audit-line';
import type { Of } from '../model/of';
import {
  GrantDescriptionSchema,
  ListedCredentialProviderSchema,
  ListedSuspensionSchema,
  ListedWorkloadIdentitySchema,
  nextToken,
  type GrantDescription,
} from '../model/responses';
import type { JsonObject } from '../domain/json-object';
import type { System } from '../domain/system';
import { OPERATIONS } from '../operations';
import { PERIODS, type FoundEntries } from '../pages/console-audit';
import type { Page } from '../pages/console-lists';
import type { Overview, Reach } from '../pages/console-overview';

export interface RecentEntries {
  readonly entries: readonly LoggedEntry[];
  /** Epoch milliseconds before which entries were not read; 0 if all were. */
  readonly since: number;
  /** Why there are none. */
  readonly problem?: string;
}

export interface ConsoleData {
  /**
   * Calls an operation as the operator.
   *
   * @throws ServiceError for an error of the service
   */
  readonly call: (path: string, input: object) => Promise<JsonObject>;
  /** Returns recent audit entries, the oldest first. */
  readonly entries: () => Promise<RecentEntries>;
  /** The command that prints the whole log. */
  readonly auditCommand: string;
  readonly system: System;
}

export type LogData = Pick<ConsoleData, 'entries' | 'system' | 'auditCommand'>;

/** Entries of a page. */
const PAGE = 50;
/** Pages of the service that a search reads. */
const MAX_PAGES = 10;
const AGENTS_IN_PICTURE = 8;
const GRANTS_IN_PICTURE = 100;
/** Audit entries of a page. */
const MAX_ENTRIES = 100;

/** @param member of the output that has the items */
const listing = <Item extends v.GenericSchema>(path: string, member: string, item: Item) => ({
  path,
  member,
  schema: v.object({ items: v.array(item), nextToken }),
});

const LISTINGS = {
  agents: listing(
    OPERATIONS.ListAllWorkloadIdentities.path,
    'workloadIdentities',
    ListedWorkloadIdentitySchema,
  ),
  providers: listing(
    OPERATIONS.ListAllCredentialProviders.path,
    'credentialProviders',
    ListedCredentialProviderSchema,
  ),
  suspensions: listing(OPERATIONS.ListSuspensions.path, 'suspensions', ListedSuspensionSchema),
  grants: listing(OPERATIONS.ListGrants.path, 'grants', GrantDescriptionSchema),
};

type Listing = keyof typeof LISTINGS;
type ItemOf<Name extends Listing> = Of<(typeof LISTINGS)[Name]['schema']>['items'][number];

interface Query<Name extends Listing> {
  readonly input?: object;
  readonly after?: string | undefined;
  readonly matches?: (item: ItemOf<Name>) => boolean;
  /** Items after which no further page is read. */
  readonly enough?: number;
}

/** Returns the items of at most ten pages of a listing, and where the next ones begin. */
export async function list<Name extends Listing>(
  { call }: Pick<ConsoleData, 'call'>,
  name: Name,
  { input = {}, after, matches = () => true, enough = PAGE }: Query<Name> = {},
): Promise<Page<ItemOf<Name>>> {
  const { path, schema, member } = LISTINGS[name];
  const items: ItemOf<Name>[] = [];
  let next = after;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const output = await call(path, { ...input, ...(next !== undefined && { nextToken: next }) });
    const parsed = v.parse(schema, {
      items: output[member],
      ...(output.nextToken !== undefined && { nextToken: output.nextToken }),
    });
    items.push(...(parsed.items as ItemOf<Name>[]).filter(matches));
    next = parsed.nextToken;
    if (next === undefined || items.length >= enough) break;
  }
  return { items, after: next };
}

const EVERYTHING = { enough: Infinity } as const;

const counted = ({ items, after }: Page<unknown>) => ({ count: items.length, more: after !== undefined });

/** Returns matching audit entries, the newest first. */
export async function entriesOf(
  { entries, system, auditCommand: command }: LogData,
  { since, max = MAX_ENTRIES, ...filter }: AuditFilter & { readonly since?: number; readonly max?: number },
): Promise<FoundEntries> {
  const matches = auditMatcher(filter);
  const recent = await entries();
  const from = since === undefined ? 0 : system.now() - since;
  const found = recent.entries.filter(({ time, audit }) => time >= from && matches(audit)).reverse();
  const { problem } = recent;
  return {
    entries: found.slice(0, max),
    more: found.length > max,
    older: from < recent.since,
    problem,
    command,
  };
}

const providerIn = (grant: GrantDescription): string => nameInArn(grant.credentialProviderArn) ?? '';

function reachOf(agent: string, { items, after }: Page<GrantDescription>): Reach[] {
  const providers = [...new Set(items.map((grant) => providerIn(grant)))];
  return providers.map((provider) => {
    const grants = items.filter((grant) => providerIn(grant) === provider);
    const people = new Set(grants.flatMap(({ userHash }) => userHash ?? []));
    return {
      agent,
      provider,
      people: { count: people.size, more: after !== undefined },
      ownGrants: grants.filter(({ userHash }) => userHash === undefined).length,
    };
  });
}

/** Returns what the overview shows. */
export async function overview(data: ConsoleData): Promise<Overview> {
  const [agents, providers, suspensions, failures] = await Promise.all([
    list(data, 'agents', EVERYTHING),
    list(data, 'providers', EVERYTHING),
    list(data, 'suspensions', EVERYTHING),
    entriesOf(data, { outcome: NOT_ALLOWED, since: PERIODS['1 hour'] }),
  ]);
  const shown = agents.items.slice(0, AGENTS_IN_PICTURE);
  const held = await Promise.all(
    shown.map(async ({ name }) => ({
      name,
      grants: await list(data, 'grants', { input: { workloadName: name }, enough: GRANTS_IN_PICTURE }),
    })),
  );
  const needConsent = held.flatMap(({ grants }) =>
    grants.items.filter(({ status }) => status === 'NEEDS_CONSENT'),
  );
  return {
    agents: counted(agents),
    providers: counted(providers),
    suspended: counted(suspensions),
    reach: held.flatMap(({ name, grants }) => reachOf(name, grants)),
    leftOut: agents.items.length > shown.length || agents.after !== undefined,
    failures,
    needConsent,
  };
}

/** Returns the entries of a request, and of the requests with the same workload access token, the oldest first. */
export async function stepsOf(
  { entries, auditCommand: command }: LogData,
  request: string,
): Promise<FoundEntries> {
  const { entries: all, since, problem } = await entries();
  const own = all.filter(({ audit }) => audit.requestId === request);
  const tokens = new Set(own.flatMap(({ audit: { jti } }) => (typeof jti === 'string' ? [jti] : [])));
  const others = all.filter(
    ({ audit: { requestId, jti } }) => requestId !== request && typeof jti === 'string' && tokens.has(jti),
  );
  // The agent of the token decides how many others there are.
  const shown = new Set([...own, ...others.reverse()].slice(0, MAX_ENTRIES));
  const more = own.length + others.length > MAX_ENTRIES;
  return { entries: all.filter((entry) => shown.has(entry)), more, older: since > 0, problem, command };
}

/** The operators' listings, whose entries are about who looks, and not about what the filter names. */
const LISTED_BY_OPERATORS = new Set(
  Object.entries(OPERATIONS).flatMap(([name, { group }]) =>
    group === 'operator' && name.startsWith('List') ? [name] : [],
  ),
);

/** Returns audit entries without those that the console's own pages and other listings of operators cause. */
export const withoutListings = ({ entries, ...data }: LogData): LogData => ({
  ...data,
  entries: async (): Promise<RecentEntries> => {
    const recent = await entries();
    const shown = recent.entries.filter(({ audit }) => !LISTED_BY_OPERATORS.has(String(audit.operation)));
    return { ...recent, entries: shown };
  },
});

/** Returns people in recent entries, the newest first, and the entries. */
export async function recentPeople(
  data: LogData,
): Promise<{ readonly recent: string[]; readonly found: FoundEntries }> {
  const found = await entriesOf(withoutListings(data), { max: Infinity });
  const users = found.entries.flatMap(({ audit: { user } }) => (typeof user === 'string' ? [user] : []));
  return { recent: [...new Set(users)].slice(0, PAGE), found };
}
