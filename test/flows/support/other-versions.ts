/**
 * The functions during a deployment: each is invoked by a later version of its callers, and returns what a later version
 * of it would. So every object of an event and of a result has a member that this version does not know.
 */
import type { InvokedHandler, LambdaFunction } from '../../../lib/local/lambda';
import { localFunctionName } from '../../../lib/local/gateway-event';

/** The functions that other functions and schedules invoke. Operators write the events of `key-rotation` by hand. */
const INVOKED = ['provider-client', 'revocation', 'connections', 'event-poll'] as const;

const LATER = 'laterMember';

function ofALaterVersion(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ofALaterVersion);
  const members = Object.entries(value).map(([name, member]) => [name, ofALaterVersion(member)] as const);
  return { ...Object.fromEntries(members), [LATER]: { [LATER]: 'unknown' } };
}

/** Returns a result without the unknown members, for assertions about all members that it has. */
export const knownMembers = <Result>(result: Result): Result =>
  JSON.parse(
    JSON.stringify(result, (name, member: unknown) => (name === LATER ? undefined : member)),
  ) as Result;

/** @param functions of the local service */
export function addLaterMembers(functions: Map<string, LambdaFunction>): void {
  for (const group of INVOKED) {
    const name = localFunctionName(group);
    const handler = functions.get(name) as InvokedHandler;
    functions.set(name, async (event, context) =>
      ofALaterVersion(await handler(ofALaterVersion(event), context)),
    );
  }
}
