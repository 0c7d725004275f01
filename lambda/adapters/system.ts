/** The real clock and the real randomness. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { System } from '../domain/system';

export const system: System = {
  now: () => Date.now(),
  randomToken: (bytes) => randomBytes(bytes).toString('base64url'),
  randomUUID: () => randomUUID(),
  wait: (milliseconds) => setTimeout(milliseconds),
};
