/** What to do if the name of a new resource is in use. */
import type { ServiceFailure } from './failure';

/** What to use in place of a new resource. */
const PRESENT = {
  agent: 'agent-identity agent update',
  provider: 'agent-identity provider update',
  portal: 'agent-identity portal update',
  gateway: 'agent-identity gateway update',
  'policy-engine': 'agent-identity policy-engine update',
} as const;

/** Returns the next step, if the error is about the name. Names are shared by all principals, and a listing is not. */
export const nameTaken = (
  { problem }: Pick<ServiceFailure, 'problem'>,
  kind: keyof typeof PRESENT,
): string | undefined =>
  problem?.code === 'NameTaken'
    ? `If agent-identity ${kind} list does not show it, it belongs to another principal: choose another name. Otherwise, use ${PRESENT[kind]}.`
    : undefined;
