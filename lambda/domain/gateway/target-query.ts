/** The query of a request: what the target allows of the caller's, what the target states, and the credential. */
import type { GatewayTarget } from '../../model/records/gateway';
import type { CalledTarget } from './target';
import { invalidMember } from '../service-error';
import type { CredentialPlace } from './manage/credential-placement';

/** Values by name, as received. */
export type QueryParameters = Readonly<Record<string, readonly string[]>>;

type Pairs = readonly (readonly [name: string, value: string])[];

/** @throws ValidationException that names the parameter */
function checkAllowed(
  received: QueryParameters,
  { name: target, metadataConfiguration }: Pick<GatewayTarget, 'name' | 'metadataConfiguration'>,
  place: CredentialPlace | undefined,
): void {
  const allowed = metadataConfiguration?.allowedQueryParameters ?? [];
  const ofCredential = place?.location === 'QUERY_PARAMETER' ? place.name : undefined;
  const refused = Object.keys(received).find((name) => !allowed.includes(name) || name === ofCredential);
  if (refused === undefined) return;
  const how =
    refused === ofCredential
      ? 'must be omitted, because the gateway sets it to the credential'
      : `must be omitted, or be in allowedQueryParameters of the target "${target}", which its owner can update`;
  throw invalidMember(`query parameter "${refused}"`, how);
}

/**
 * Returns the query of a request, with its question mark; empty if it has no parameters.
 *
 * @param credential parameters that contain it
 * @throws ValidationException for a parameter that the target does not allow
 */
export function targetQuery(
  received: QueryParameters,
  target: CalledTarget,
  place: CredentialPlace | undefined,
  credential: Pairs,
): string {
  checkAllowed(received, target, place);
  const { staticQueryParameters = {}, staticQueryParameterConflictResolution: resolution } =
    target.targetConfiguration.http?.passthrough ?? {};
  const overrides = resolution === 'STATIC_OVERRIDE';
  const isOfCredential = (name: string) => credential.some(([other]) => other === name);
  const fromCaller: Pairs = Object.entries(received)
    .filter(([name]) => !overrides || !(name in staticQueryParameters))
    .flatMap(([name, values]) => values.map((value) => [name, value] as const));
  const fromTarget: Pairs = Object.entries(staticQueryParameters).filter(
    ([name]) => (overrides || !(name in received)) && !isOfCredential(name),
  );
  const pairs = [...fromCaller, ...fromTarget, ...credential];
  // A space as %20, which every server decodes.
  const query = pairs.map((pair) => pair.map((text) => encodeURIComponent(text)).join('=')).join('&');
  return query === '' ? '' : `?${query}`;
}
