/**
 * Pagination: a page's token says behind which name to go on, sealed for the listing and the caller that it
 * was given to. It is opaque, and one that was made up or changed does not open.
 */
import type { Caller } from './principal';
import { invalidMember } from './service-error';
import type { OwnedResource, OwnedResourceStore } from './owned-resource';

/** Whose listing a token belongs to. */
export interface Listing {
  readonly operation: string;
  /** ARN of the IAM principal whose listing it is. */
  readonly principal: string;
}

export interface PageTokens {
  seal(listing: Listing, last: string): Promise<string>;
  /** @returns undefined for a token that was not sealed for this listing */
  open(listing: Listing, token: string): Promise<string | undefined>;
}

/** AWS's `maxResults` and `nextToken`. */
export interface ListInput {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

export interface Listed<Resource> {
  readonly resources: readonly Resource[];
  readonly nextToken?: string;
}

/**
 * A page of what the caller owns. Pages go by name, so that what is created or deleted meanwhile neither
 * repeats nor skips the others.
 *
 * @param most entries of a page when the caller does not say
 * @throws ValidationException for a token of another listing
 */
export async function listOwned<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'list'>,
  tokens: PageTokens,
  operation: string,
  principal: Caller,
  { maxResults, nextToken }: ListInput,
  most: number,
): Promise<Listed<Resource>> {
  const listing = { operation, principal: principal.arn };
  const after = nextToken === undefined ? undefined : await tokens.open(listing, nextToken);
  if (nextToken !== undefined && after === undefined) {
    throw invalidMember('nextToken', "is none of this listing's; begin again without it");
  }
  const { resources, last } = await store.list(principal, { limit: maxResults ?? most, after });
  return { resources, ...(last !== undefined && { nextToken: await tokens.seal(listing, last) }) };
}
