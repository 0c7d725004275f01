/** What to do if the name of a new resource is in use. */
import type { ServiceFailure } from './failure';

/** Returns the next step, if the error is about the name. Names are shared by all principals, and a listing is not. */
export const nameTaken = (
  { problem }: Pick<ServiceFailure, 'problem'>,
  kind: 'agent' | 'provider' | 'portal',
): string | undefined =>
  problem?.code === 'NameTaken'
    ? `If agent-identity ${kind} list does not show it, it belongs to another principal: choose another name. Otherwise, use agent-identity ${kind} update.`
    : undefined;
