/** The ID of a grant in the API. It names the grant and reveals nothing secret: the user appears as a hash. */

export interface GrantId {
  readonly workloadId: string;
  /** As `userHashOf` returns it: `AGENT` for a grant that an agent has for itself. */
  readonly userHash: string;
  readonly target: string;
}

/** A grant's target has no other separator: flow, name of the provider, digest. */
const GRANT_ID =
  /^([0-9a-f-]{36})#(AGENT|[\w-]{43})#((?:USER_FEDERATION|M2M|ON_BEHALF_OF_TOKEN_EXCHANGE)#[\w-]{1,128}#[\w-]{43})$/;

/** Returns the ID, base64url. */
export const encodeGrantId = ({ workloadId, userHash, target }: GrantId): string =>
  Buffer.from(`${workloadId}#${userHash}#${target}`).toString('base64url');

/** Returns the grant that the ID names; undefined for a text that is not an ID. */
export function decodeGrantId(text: string): GrantId | undefined {
  const [, workloadId, userHash, target] =
    GRANT_ID.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? [];
  if (workloadId === undefined || userHash === undefined || target === undefined) return undefined;
  const id = { workloadId, userHash, target };
  // A second text for the same grant would let a caller take one grant for two.
  return encodeGrantId(id) === text ? id : undefined;
}
