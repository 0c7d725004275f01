/** Grants of all agents, of which a command reads no more than a person waits for. */
import { nameInArn } from '../../lambda/model/arn';
import type { GrantDescription } from '../../lambda/model/responses';
import { OPERATIONS } from '../../lambda/operations';
import type { Operation, Service } from './service';

/** Pages of a listing of resources, and of the grants of all agents. */
const MAX_PAGES = 10;
const MAX_GRANT_PAGES = 100;

interface Page {
  readonly nextToken?: string;
}

/** Returns the items of the first pages of a listing, and whether there are more. */
async function firstPages<Item>(
  service: Pick<Service, 'call'>,
  operation: Operation,
  member: string,
): Promise<{ readonly items: readonly Item[]; readonly more: boolean }> {
  const items: Item[] = [];
  let input = {};
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const { nextToken, ...page } = await service.call<Page & Record<string, unknown>>(operation, input);
    items.push(...((page[member] ?? []) as Item[]));
    if (nextToken === undefined) return { items, more: false };
    input = { nextToken };
  }
  return { items, more: true };
}

export interface GrantsOfAll {
  /** Names of the agents, in their order. */
  readonly agents: readonly string[];
  readonly grants: readonly GrantDescription[];
  /** The agents that might have more grants. */
  readonly unfinished: ReadonlySet<string>;
  /** Whether there might be more grants at all: more agents, or more grants of these agents. */
  readonly more: boolean;
}

/** Returns grants of all agents: first a page of each, then further ones, up to a number of pages. */
export async function grantsOfAll(service: Pick<Service, 'call'>): Promise<GrantsOfAll> {
  const { items, more } = await firstPages<{ readonly name: string }>(
    service,
    OPERATIONS.ListAllWorkloadIdentities,
    'workloadIdentities',
  );
  const agents = items.map(({ name }) => name).sort();
  const grants: GrantDescription[] = [];
  const waiting: (Page & { readonly workloadName: string })[] = agents.map((workloadName) => ({
    workloadName,
  }));
  for (let pages = 0; pages < MAX_GRANT_PAGES; pages += 1) {
    const input = waiting.shift();
    if (input === undefined) break;
    const page = await service.call<Page & { readonly grants?: readonly GrantDescription[] }>(
      OPERATIONS.ListGrants,
      { ...input, maxResults: 100 },
    );
    grants.push(...(page.grants ?? []));
    if (page.nextToken !== undefined) waiting.push({ ...input, nextToken: page.nextToken });
  }
  const unfinished = new Set(waiting.map(({ workloadName }) => workloadName));
  return { agents, grants, unfinished, more: more || unfinished.size > 0 };
}

/** A name, and how many grants it has. A plus sign says that the count stopped. */
type Count = readonly [name: string, grants: string];

/** Returns the agents and the OAuth 2.0 providers with the numbers of their grants, and whether there are more of them. */
export async function grantCounts(service: Pick<Service, 'call'>): Promise<{
  readonly agents: readonly Count[];
  readonly providers: readonly Count[];
  readonly more: boolean;
}> {
  const found = await grantsOfAll(service);
  const { items, more } = await firstPages<{
    readonly name: string;
    readonly credentialProviderVendor?: string;
  }>(service, OPERATIONS.ListAllCredentialProviders, 'credentialProviders');
  const count = (member: 'workloadIdentityArn' | 'credentialProviderArn', name: string): number =>
    found.grants.filter((grant) => nameInArn(grant[member]) === name).length;
  return {
    agents: found.agents.map((name) => [
      name,
      `${count('workloadIdentityArn', name)}${found.unfinished.has(name) ? '+' : ''}`,
    ]),
    // An API key is not granted.
    providers: items
      .filter(({ credentialProviderVendor }) => credentialProviderVendor !== undefined)
      .map(({ name }) => name)
      .sort()
      .map((name) => [name, `${count('credentialProviderArn', name)}${found.more ? '+' : ''}`]),
    more: more || found.more,
  };
}
