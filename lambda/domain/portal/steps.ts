/**
 * The steps of a person in a portal. Each one reads the portal, its owner's rights, the session, and the restrictions
 * again, and has an audit entry. No result contains a token.
 */
import { audited, type Annotate, type AuditTrail } from '../audit';
import {
  completeConnection,
  connect,
  type CompleteConnectionDependencies,
  type ConnectDependencies,
  type ReturnedBrowser,
} from './connect';
import { disconnect, disconnectAgent, type DisconnectDependencies } from './disconnect';
import {
  disconnectionProgress,
  type Disconnection,
  type DisconnectionDependencies,
} from './disconnection-progress';
import { disconnectionReach, type DisconnectionReach, type ReachDependencies } from './disconnection-reach';
import { signedInPerson, type Person, type PersonDependencies } from './person';
import { refusalOf, type Refusal } from './refusal';
import type { AgentAtProvider } from './row';
import {
  servedPortal,
  type PortalAppearance,
  type ServedPortal,
  type ServedPortalDependencies,
} from './served-portal';
import { endSession, type PortalSessionStore } from './session';
import {
  beginSignIn,
  finishSignIn,
  type NewSession,
  type SignInDependencies,
  type SignInBeginning,
  type SignInResponse,
} from './sign-in';
import { viewOf, type PortalView } from './view';

export type PortalStepDependencies = ServedPortalDependencies &
  SignInDependencies &
  PersonDependencies &
  ConnectDependencies &
  CompleteConnectionDependencies &
  ReachDependencies &
  DisconnectDependencies &
  DisconnectionDependencies & {
    readonly portalSessions: PortalSessionStore;
    readonly audit: AuditTrail;
  };

export interface RefusedStep {
  readonly refused: Refusal;
  /** Absent if there is no such portal, or it has no pages. */
  readonly portal?: PortalAppearance;
}

export type StepResult<Outcome> = RefusedStep | ({ readonly portal: PortalAppearance } & Outcome);

/** Performs a step with the portal as it is now. A refusal is part of the result, other errors are thrown. */
async function step<Outcome extends object>(
  deps: PortalStepDependencies,
  { operation, portalId }: { readonly operation: string; readonly portalId: string },
  work: (served: ServedPortal, annotate: Annotate) => Promise<Outcome>,
): Promise<StepResult<Outcome>> {
  let portal: PortalAppearance | undefined;
  try {
    return await audited(deps.audit, { operation }, async (annotate) => {
      const served = await servedPortal(deps, portalId, annotate);
      portal = served.appearance;
      return { portal, ...(await work(served, annotate)) };
    });
  } catch (error) {
    const refused = refusalOf(error);
    if (refused === undefined) throw error;
    return { refused, ...(portal && { portal }) };
  }
}

/** A step of a signed-in person. */
const personalStep = <Outcome extends object>(
  deps: PortalStepDependencies,
  { operation, portalId, session }: { operation: string; portalId: string; session: string },
  work: (served: ServedPortal, person: Person, annotate: Annotate) => Promise<Outcome>,
): Promise<StepResult<Outcome>> =>
  step(deps, { operation, portalId }, async (served, annotate) =>
    work(served, await signedInPerson(deps, served, session, annotate), annotate),
  );

interface OnSession {
  readonly portalId: string;
  /** Secret of the session. */
  readonly session: string;
}

interface OnConnection extends OnSession {
  /** Key of a row. */
  readonly connection: string;
}

/** Creates the steps of portals. */
export function createPortalSteps(deps: PortalStepDependencies) {
  return {
    signIn: ({ portalId, ...begin }: { readonly portalId: string } & SignInBeginning) =>
      step(deps, { operation: 'PortalSignIn', portalId }, (served) => beginSignIn(deps, served, begin)),

    finishSignIn: ({
      portalId,
      query,
      ...begun
    }: Omit<SignInResponse, 'query'> & {
      readonly portalId: string;
      readonly query: readonly (readonly [string, string])[];
    }): Promise<StepResult<{ readonly session: NewSession }>> =>
      step(deps, { operation: 'PortalSignInCallback', portalId }, (served, annotate) =>
        finishSignIn(deps, served, annotate, {
          ...begun,
          query: new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])),
        }),
      ),

    /**
     * Returns the portal's appearance to anyone, and the agents and rows to a signed-in person.
     *
     * @param after `next` of an agent: only its rows from there on are returned
     */
    async view({
      portalId,
      session,
      after,
    }: {
      readonly portalId: string;
      readonly session?: string;
      readonly after?: string;
    }): Promise<StepResult<{ readonly signedIn: false } | PortalView>> {
      if (session === undefined) {
        return step(deps, { operation: 'Portal', portalId }, () => Promise.resolve({ signedIn: false }));
      }
      return personalStep(deps, { operation: 'Portal', portalId, session }, (served, person) =>
        viewOf(deps, served, person, after),
      );
    },

    connect: ({ connection: key, ...input }: OnConnection) =>
      personalStep(deps, { operation: 'PortalConnect', ...input }, (served, person, annotate) =>
        connect(deps, served, person, { key, annotate }),
      ),

    complete: ({
      portalId,
      session,
      ...browser
    }: OnSession & ReturnedBrowser): Promise<StepResult<{ readonly completed: AgentAtProvider }>> =>
      personalStep(
        deps,
        { operation: 'CompleteResourceTokenAuth', portalId, session },
        (served, person, annotate) => completeConnection(deps, served, person, { ...browser, annotate }),
      ),

    reach: ({
      connection: key,
      ...input
    }: OnConnection): Promise<StepResult<{ readonly reach: DisconnectionReach }>> =>
      personalStep(deps, { operation: 'PortalDisconnect', ...input }, (served, person, annotate) =>
        disconnectionReach(deps, served, person, { key, annotate }),
      ),

    disconnect: ({ connection: key, ...input }: OnConnection) =>
      personalStep(deps, { operation: 'RevokeResourceGrant', ...input }, (served, person, annotate) =>
        disconnect(deps, served, person, { key, annotate }),
      ),

    disconnectAgent: ({
      agent: agentName,
      clientToken,
      ...input
    }: OnSession & { readonly agent: string; readonly clientToken: string }) =>
      personalStep(deps, { operation: 'RevokeResourceGrant', ...input }, (served, person, annotate) =>
        disconnectAgent(deps, served, person, { agentName, clientToken, annotate }),
      ),

    disconnection: ({
      revocationId,
      ...input
    }: OnSession & { readonly revocationId: string }): Promise<
      StepResult<{ readonly disconnection: Disconnection }>
    > =>
      personalStep(deps, { operation: 'PortalDisconnection', ...input }, (served, person, annotate) =>
        disconnectionProgress(deps, served, person, { revocationId, annotate }),
      ),

    /** Ends the session, also one that is not valid any more. */
    signOut: ({ portalId, session }: OnSession) =>
      step(deps, { operation: 'PortalSignOut', portalId }, async ({ portal }, annotate) => {
        const ended = await endSession(deps.portalSessions, portal.id, session);
        if (ended) annotate({ user: ended.userHash });
        return { signedOut: true as const };
      }),
  };
}

export type PortalSteps = ReturnType<typeof createPortalSteps>;
