/** The workload identity of an agent behind a gate. */
import { OPERATIONS } from '../../../../lambda/operations';
import { LOOPBACK } from '../../../client/endpoint';
import {
  AUTHORIZER_OPTIONS,
  issuerChanges,
  ISSUER_LISTS,
  type Authorized,
  type Authorizer,
} from '../../authorizer';
import { ServiceFailure } from '../../failure';
import { namingOptions } from '../../option-names';
import type { Service } from '../../service';

interface WorkloadIdentity extends Authorized {
  readonly allowedResourceOauth2ReturnUrls?: readonly string[];
}

type Issuer = Pick<Authorizer, 'discoveryUrl' | 'allowedAudience' | 'allowedClients'>;

/** The options by the members that they set. */
const MEMBER_OPTIONS = {
  name: 'the name of the agent',
  allowedResourceOauth2ReturnUrls: '--return-url',
  ...AUTHORIZER_OPTIONS,
} as const;

export interface PreparedWorkload {
  readonly state: 'created' | 'updated' | 'unchanged';
  /** A line for what the identity trusts in the place of something else. */
  readonly changes: readonly string[];
}

interface GateUrls {
  /** The audience of the gate without options for another one. */
  readonly invocationUrl: string;
  /** To which the browser returns after a consent. */
  readonly returnUrl: string | undefined;
}

/**
 * Creates the workload identity of the agent, or lets an existing one trust the issuer of the gate: the service validates
 * each user token again, except for its scopes, which are of the gate alone. An identity that already accepts every token
 * that the gate accepts stays as it is, so its owner can let it accept others: the ID tokens of the sign-in of a consent
 * portal have another audience, and no scope.
 */
export async function prepareWorkload(
  service: Pick<Service, 'call'>,
  name: string,
  issuer: Issuer,
  { invocationUrl, returnUrl }: GateUrls,
): Promise<PreparedWorkload> {
  const returnUrls = returnUrl === undefined ? [] : [returnUrl];
  const existing = await service
    .call<WorkloadIdentity>(OPERATIONS.GetWorkloadIdentity, { name })
    .catch((error: unknown) => {
      if (error instanceof ServiceFailure && error.httpStatus === 404) return undefined;
      throw error;
    });
  if (!existing) {
    await namingOptions(MEMBER_OPTIONS, () =>
      service.call(OPERATIONS.CreateWorkloadIdentity, {
        name,
        allowedResourceOauth2ReturnUrls: returnUrls,
        authorizerConfiguration: { customJWTAuthorizer: issuer },
      }),
    );
    return { state: 'created', changes: [] };
  }
  const { allowedResourceOauth2ReturnUrls: urls = [], authorizerConfiguration } = existing;
  const trusted = authorizerConfiguration?.customJWTAuthorizer;
  const missing = returnUrls.filter((url) => !urls.includes(url));
  const isAccepted = trusted !== undefined && accepts(trusted, issuer);
  if (isAccepted && missing.length === 0) return { state: 'unchanged', changes: [] };
  const accepted = isAccepted
    ? trusted
    : { ...otherMembersOf(trusted), ...withAudiencesOf(trusted, issuer, invocationUrl) };
  await namingOptions(
    MEMBER_OPTIONS,
    () =>
      service.call(OPERATIONS.UpdateWorkloadIdentity, {
        name,
        allowedResourceOauth2ReturnUrls: [...urls, ...missing],
        authorizerConfiguration: { customJWTAuthorizer: accepted },
      }),
    ({ fields }) =>
      fields.some((field) => field.name.endsWith('.allowedAudience'))
        ? `The gate adds its audience to those of the agent. To replace them all, run: agent-identity agent update ${name} --allowed-audience AUDIENCE`
        : undefined,
  );
  return { state: 'updated', changes: issuerChanges(name, trusted, accepted) };
}

/** Returns whether the first accepts every token that the second accepts. An absent list accepts all. */
const accepts = (one: Issuer, other: Issuer): boolean =>
  one.discoveryUrl === other.discoveryUrl &&
  ISSUER_LISTS.every(
    (list) => one[list] === undefined || (other[list]?.every((entry) => one[list]?.includes(entry)) ?? false),
  );

/** Returns whether an audience is the invocation URL of a gate of this agent at another port of this computer. */
function isEarlierGate(audience: string, invocationUrl: string): boolean {
  if (audience === invocationUrl || !URL.canParse(audience)) return false;
  const { hostname, pathname } = new URL(audience);
  return LOOPBACK.test(hostname) && pathname === new URL(invocationUrl).pathname;
}

/**
 * Returns the issuer of the gate, with the audiences that the agent accepts of it already, except for those of its gates at
 * other ports: with free ports, each start would add one. If one of the two also requires clients, those of the gate take
 * the place of the earlier ones: together, they would accept more tokens than the two do.
 */
function withAudiencesOf(trusted: Issuer | undefined, issuer: Issuer, invocationUrl: string): Issuer {
  const { discoveryUrl, allowedAudience, allowedClients } = issuer;
  const isSame = trusted?.discoveryUrl === discoveryUrl;
  if (!isSame || !trusted.allowedAudience || !allowedAudience) return issuer;
  if (trusted.allowedClients || allowedClients) return issuer;
  const kept = trusted.allowedAudience.filter((audience) => !isEarlierGate(audience, invocationUrl));
  return { discoveryUrl, allowedAudience: [...new Set([...kept, ...allowedAudience])] };
}

/** Returns what the gate has no option for and keeps: the agents that can call this one, and conditions such as scopes and `customClaims`. */
const otherMembersOf = (trusted: Authorizer | undefined): object =>
  Object.fromEntries(
    Object.entries(trusted ?? {}).filter(([member]) => !['discoveryUrl', ...ISSUER_LISTS].includes(member)),
  );
