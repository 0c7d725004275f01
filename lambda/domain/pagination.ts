/**
 * Pagination: a page token contains the last name of its page and is sealed for one listing and one caller. It is
 * opaque, and a forged or modified token does not open.
 */
import type { ListInput } from '../model/request-values';
import type { Caller } from './principal';
import { invalidMember, type ServiceError } from './service-error';
import type { OwnedResourceStore } from './owned-resource';
import type { OwnedResource } from '../model/records/owned-resource';

/** The listing that a token belongs to. */
export interface Listing {
  readonly operation: string;
  /** ARN of the IAM principal that lists its resources. */
  readonly principal: string;
}

export interface PageTokens {
  seal(listing: Listing, last: string): Promise<string>;
  /** Returns undefined for a token that was not sealed for this listing. */
  open(listing: Listing, token: string): Promise<string | undefined>;
}

export interface Listed<Resource> {
  readonly resources: readonly Resource[];
  readonly nextToken?: string;
}

/** The resources that are listed, and how they are paged. */
export interface Listable<Resource extends OwnedResource> {
  readonly store: Pick<OwnedResourceStore<Resource>, 'list'>;
  readonly tokens: PageTokens;
  /** Entries of a page if the caller does not set `maxResults`. */
  readonly most: number;
}

/**
 * Bytes after which a page ends before it has `maxResults` entries. A response can have 6 MB (AWS Lambda quotas), with what
 * one more read adds.
 */
const MAX_PAGE_BYTES = 1024 * 1024;

/** Returns whether a page is complete, by the number of its entries or by their size, which agents and providers decide. */
export const isPageFull = (entries: readonly object[], maxResults: number): boolean =>
  entries.length >= maxResults ||
  // The body is a text in the JSON of the function's result.
  Buffer.byteLength(JSON.stringify(JSON.stringify(entries))) >= MAX_PAGE_BYTES;

/** Returns the error for a page token of another listing, or one that no response contained. */
export const invalidPageToken = (): ServiceError =>
  invalidMember('nextToken', 'is not valid here; omit it to start again');

/**
 * Returns the position after which the requested page starts, and seals the position after which the next one does.
 *
 * @throws ValidationException for a token of another listing
 */
export async function openPage(
  tokens: PageTokens,
  { operation, principal }: { readonly operation: string; readonly principal: Caller },
  nextToken: string | undefined,
): Promise<{ readonly after: string | undefined; readonly seal: (last: string) => Promise<string> }> {
  const listing = { operation, principal: principal.arn };
  const after = nextToken === undefined ? undefined : await tokens.open(listing, nextToken);
  if (nextToken !== undefined && after === undefined) {
    throw invalidPageToken();
  }
  return { after, seal: (last) => tokens.seal(listing, last) };
}

/**
 * Returns a page of the caller's resources. Pages are ordered by name, so a concurrent creation or deletion neither
 * repeats nor skips the other resources.
 *
 * @throws ValidationException for a token of another listing
 */
export async function listOwned<Resource extends OwnedResource>(
  { store, tokens, most }: Listable<Resource>,
  call: { readonly operation: string; readonly principal: Caller },
  { maxResults, nextToken }: ListInput,
): Promise<Listed<Resource>> {
  const { after, seal } = await openPage(tokens, call, nextToken);
  const { resources, last } = await store.list(call.principal, { limit: maxResults ?? most, after });
  return { resources, ...(last !== undefined && { nextToken: await seal(last) }) };
}
