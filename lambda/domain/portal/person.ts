/** The signed-in person of a step, and the agents that the portal shows to this person. Both are evaluated at each step. */
import type { Annotate } from '../audit';
import { hashOf } from '../digest';
import type { DeployedIssuer } from '../identity/trusted-issuer';
import type { UserTokenFacts } from '../identity/user-token';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { portalActionDenial } from '../policy/access';
import type { GovernedOperation } from '../policy/governed-operations';
import { clientBindingDigest } from '../provider/oauth2-provider';
import { restrictionDenial, type IdentityReader, type Restrictions } from '../restriction/restriction';
import { epochSeconds, type System } from '../system';
import { isConfigured } from './configured-resources';
import { PortalRefusal } from './refusal';
import type { ServedPortal } from './served-portal';
import { trustDigest, type PortalSessionStore } from './session';
import type { PortalSession } from '../../model/records/portal-session';

export interface PersonDependencies {
  readonly portalSessions: Pick<PortalSessionStore, 'get'>;
  readonly directory: IdentityReader;
  /** The deployment's issuers, for workload identities without their own authorizer configuration. */
  readonly trustedIssuers: readonly DeployedIssuer[];
  readonly system: System;
}

/** One of the portal's sources, as it is now. */
interface Source {
  readonly identity: WorkloadIdentity | undefined;
  readonly restrictions: Restrictions;
}

/** An agent that the portal shows to the person. */
export interface PortalAgent {
  readonly identity: WorkloadIdentity;
  readonly restrictions: Restrictions;
  readonly suspended: boolean;
}

export interface Person {
  readonly userHash: string;
  /** The facts of the ID token. */
  readonly userToken: UserTokenFacts;
  /** In the order of the portal's sources. */
  readonly agents: readonly PortalAgent[];
  /**
   * IDs of the portal's other agents: those that do not admit the person any more, or that the portal's owner cannot list.
   * They can hold grants for the person all the same.
   */
  readonly hiddenIds: readonly string[];
}

const signedOut = (detail: string): PortalRefusal => new PortalRefusal('signed-out', detail);

/** Returns the session with this secret, if it is one of the portal and still valid. */
async function sessionOf(
  { portalSessions, system }: PersonDependencies,
  { portal, signInProvider }: ServedPortal,
  secret: string,
): Promise<PortalSession> {
  const session = await portalSessions.get(hashOf(secret));
  if (session?.portalId !== portal.id) throw signedOut('no such session in this portal');
  if (session.expiresAt <= epochSeconds(system)) throw signedOut('the session is no longer valid');
  if (session.client !== clientBindingDigest(signInProvider)) {
    throw signedOut('the sign-in of the portal was reconfigured after the session began');
  }
  return session;
}

/** Returns whether the portal's owner may call the operation on the agent. */
export const ownerMay = (
  { owner }: Pick<ServedPortal, 'owner'>,
  operation: GovernedOperation,
  { identity }: Pick<PortalAgent, 'identity'>,
): boolean => portalActionDenial({ principal: owner, operation, resource: identity }) === undefined;

/** Returns whether the agent admits the session's user, under the conditions under which it admitted the sign-in. */
const admits = (
  { trustedIssuers }: Pick<PersonDependencies, 'trustedIssuers'>,
  session: PortalSession,
  identity: WorkloadIdentity,
): boolean => session.admittedBy.includes(trustDigest(identity, trustedIssuers));

/**
 * Returns the person with this session secret, and the agents of the portal that it shows: those that exist, that its
 * owner may list, and that admit the person.
 *
 * @param annotate receives the person
 * @throws PortalRefusal `signed-out`, also for a suspended person, and after the end of the session at the identity
 *   provider
 */
export async function signedInPerson(
  deps: PersonDependencies,
  served: ServedPortal,
  secret: string,
  annotate: Annotate,
): Promise<Person> {
  const session = await sessionOf(deps, served, secret);
  const { userHash } = session;
  annotate({ user: userHash });
  const sources: readonly Source[] = await Promise.all(
    served.portal.sources.map(({ identifier }) => deps.directory.readIdentity(identifier, userHash)),
  );
  // Each read has the restrictions of the person.
  for (const { restrictions } of sources) {
    const denial = restrictionDenial({ agent: undefined, user: restrictions.user }, session);
    if (denial) throw new PortalRefusal('signed-out', denial.detail ?? denial.message, denial);
  }
  const configured = sources.flatMap(({ identity, restrictions }): PortalAgent[] => {
    if (!identity || !isConfigured(served.portal, identity)) return [];
    const suspended = restrictions.agent?.suspendedByOperator !== undefined;
    return [{ identity, restrictions, suspended }];
  });
  const agents = configured.filter(
    (agent) => admits(deps, session, agent.identity) && ownerMay(served, 'ListResourceGrants', agent),
  );
  const hidden = configured.filter((agent) => !agents.includes(agent));
  return { userHash, userToken: session, agents, hiddenIds: hidden.map(({ identity }) => identity.id) };
}
