/** What a JWT states, for tokens whose signature was verified before or is verified by the recipient. */
import { parseJsonObject, type JsonObject } from '../json-object';

const decoded = (part: string | undefined): JsonObject =>
  parseJsonObject(Buffer.from(part ?? '', 'base64url').toString('utf8')) ?? {};

/** Returns the header and the claims; empty objects for a text that is not a JWT. */
export function unverifiedJwt(jwt: string): { readonly header: JsonObject; readonly claims: JsonObject } {
  const [header, claims] = jwt.split('.');
  return { header: decoded(header), claims: decoded(claims) };
}
