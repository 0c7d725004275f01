/**
 * The origins of web pages that an endpoint's configuration names.
 * Source: RFC 6454 section 6.2.
 */
import * as v from 'valibot';

/** Maximum origins of an endpoint. */
const MAX_ORIGINS = 10;

/** Host names are in lower case, and have no wildcards. */
const ORIGIN = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?$/;

/** Browsers send this form, and the gate compares it exactly: no default port, no path. */
const isSerialized = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

export const AllowedOriginsSchema = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.check(
        (text) => ORIGIN.test(text) && isSerialized(text),
        'must be an origin as browsers send it, such as https://app.example or http://localhost:5173: https or loopback http, in lower case, without a path, a wildcard, or the default port',
      ),
    ),
  ),
  v.minLength(1, 'must have an origin, or be omitted'),
  v.maxLength(MAX_ORIGINS, `must have up to ${MAX_ORIGINS} origins`),
  v.check((origins) => new Set(origins).size === origins.length, 'must not name an origin twice'),
);

/** @throws Error with what is wrong */
export const parseAllowedOrigins = (json: string): string[] =>
  v.parse(AllowedOriginsSchema, JSON.parse(json));
