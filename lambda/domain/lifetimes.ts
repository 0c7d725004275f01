/** Configurable lifetimes of tokens, consent sessions, and vault keys, in seconds. */
import * as v from 'valibot';
import { parseConfiguration } from './configuration';

/** Default lifetime of a consent session, in seconds. */
export const SESSION_LIFETIME = 600;

/** Default lifetime of a workload access token, in seconds. The token expires earlier if the user token does. */
export const TOKEN_LIFETIME = 15 * 60;

const DAY = 24 * 3600;

const between = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number of seconds'),
    v.integer('must be whole seconds'),
    v.minValue(least, `must be ${least} seconds or more`),
    v.maxValue(most, `must be ${most} seconds or less`),
  );

const LifetimesSchema = v.strictObject({
  /** Up to 1 hour: an issued token cannot be revoked before it expires. */
  workloadAccessToken: v.optional(between(60, 3600), TOKEN_LIFETIME),
  /** Time for a person to sign in and consent. A link that is valid for longer could be used by another person. */
  consentSession: v.optional(between(60, 1800), SESSION_LIFETIME),
  /** Time in which a vault key encrypts. It still decrypts afterwards. Between one version per day and one per year. */
  vaultKey: v.optional(between(DAY, 366 * DAY), 90 * DAY),
});

export type Lifetimes = v.InferOutput<typeof LifetimesSchema>;

/**
 * Returns lifetimes from configuration, with defaults for omitted members.
 *
 * @param json a JSON object with members of {@link Lifetimes}
 * @throws Error that names the member
 */
export const parseLifetimes = (json: string): Lifetimes =>
  parseConfiguration(LifetimesSchema, 'lifetimes', 'an object like {"workloadAccessToken":900}', json);
