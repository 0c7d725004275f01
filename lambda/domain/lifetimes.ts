/** How long what the service gives out and seals with is good for, in seconds, as a deployment has it. */
import * as v from 'valibot';
import { parseConfiguration } from './configuration';

/** Seconds that a session lives where the deployment says nothing else. */
export const SESSION_LIFETIME = 600;

/** Seconds that a token lives where the deployment says nothing else, unless the user's own token ends before. */
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
  /** An hour at most: a token that was issued cannot be called back but by its end. */
  workloadAccessToken: v.optional(between(60, 3600), TOKEN_LIFETIME),
  /** Time for a person to sign in and consent; a link that lies around for longer serves whoever finds it. */
  consentSession: v.optional(between(60, 1800), SESSION_LIFETIME),
  /** How long a vault key seals; what it sealed stays readable. A version each day at most, and one a year at least. */
  vaultKey: v.optional(between(DAY, 366 * DAY), 90 * DAY),
});

export type Lifetimes = v.InferOutput<typeof LifetimesSchema>;

/**
 * Lifetimes from configuration; what is left out has its default.
 *
 * @param json a JSON object with some of {@link Lifetimes}' members
 * @throws Error in plain words
 */
export const parseLifetimes = (json: string): Lifetimes =>
  parseConfiguration(LifetimesSchema, 'lifetimes', 'an object like {"workloadAccessToken":900}', json);
