/** Members that requests of several kinds of resource have in common. */
import * as v from 'valibot';
import { matching, onlyCharacters, text } from './constraints';
import { SCOPE_TOKEN, SCOPE_TOKEN_RULE } from './scope-token';

export const workloadName = matching(3, 255, /^[A-Za-z0-9_.-]+$/, onlyCharacters('the characters _ . -'));

export const providerName = matching(1, 128, /^[a-zA-Z0-9\-_]+$/, onlyCharacters('the characters - _'));

/**
 * AWS bounds neither their number nor their characters. A text that is not a scope token (RFC 6749 section 3.3) would be
 * several scopes to the authorization server, but a single one to policies.
 */
export const scopes = v.pipe(v.array(matching(1, 128, SCOPE_TOKEN, SCOPE_TOKEN_RULE)), v.maxLength(100));

export const customParameters = v.pipe(
  v.record(matching(1, 256, /^[a-zA-Z0-9\-_.]+$/, onlyCharacters('the characters - _ .')), text(1, 2048)),
  v.maxEntries(20),
);

/** One line, without characters that are invisible or that a terminal interprets. */
export const line = (max: number) =>
  matching(1, max, /^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must be one line without control or format characters');
