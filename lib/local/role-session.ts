/**
 * The sessions of the one role that functions of the embedded cloud assume: with it, the gateway function invokes the agents of
 * one owner. IAM evaluates the tags of the session and those of the function; here, the emulators do.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';
import { SESSION_OWNER_TAGS } from '../../lambda/model/session-owner-tags';
import type { EmulatorCredentials } from './emulator-access';
import { LOCAL_ACCOUNT } from './principals';

export const AGENTS_ROLE_ARN = `arn:aws:iam::${LOCAL_ACCOUNT}:role/agent-identity-local-agents`;

export type SessionTags = Readonly<Record<string, string>>;

const SessionSchema = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string()));

const signatureOf = (content: string, { secretAccessKey }: EmulatorCredentials): Buffer =>
  createHmac('sha256', secretAccessKey).update(content).digest();

/** Returns a session token that only the emulators of this run create. */
export function sessionToken(tags: SessionTags, credentials: EmulatorCredentials): string {
  const content = Buffer.from(JSON.stringify(tags)).toString('base64url');
  return `${content}.${signatureOf(content, credentials).toString('base64url')}`;
}

/** @returns undefined for a token that is not from this run */
export function tagsIn(token: string, credentials: EmulatorCredentials): SessionTags | undefined {
  const [content = '', signature = ''] = token.split('.');
  const expected = signatureOf(content, credentials);
  const received = Buffer.from(signature, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
  const parsed = v.safeParse(SessionSchema, Buffer.from(content, 'base64url').toString('utf8'));
  return parsed.success ? parsed.output : undefined;
}

/** @param ownerTag of the function */
export const mayInvoke = (tags: SessionTags | undefined, ownerTag: string | undefined): boolean =>
  tags !== undefined &&
  ownerTag !== undefined &&
  Object.values(SESSION_OWNER_TAGS).some((name) => tags[name] === ownerTag);
