/**
 * The steps of a person in a portal. Each one reads the portal, its owner's rights, the session, and the restrictions
 * again, and has an audit entry. No result contains a token.
 */
import type { StepInput, StepName } from '../../model/events/connections';
import { audited, type Annotate, type AuditTrail, type RequestContext } from '../audit';
import { complete, connect, type CompleteDependencies, type ConnectDependencies } from './connect';
import { disconnectAgent, disconnect, type DisconnectDependencies } from './disconnect';
import { disconnection, type DisconnectionDependencies } from './disconnection';
import { disconnectQuestion, type DisconnectQuestionDependencies } from './disconnect-question';
import { signedInPerson, type Person, type PersonDependencies } from './person';
import { refusalOf, type Refusal } from './refusal';
import {
  servedPortal,
  type PortalAppearance,
  type ServedPortal,
  type ServedPortalDependencies,
} from './served-portal';
import { endSession, type PortalSessionStore } from './session';
import { signIn, signInCallback, type SignInDependencies } from './sign-in';
import { view, type PortalView } from './view';

export type PortalStepDependencies = ServedPortalDependencies &
  SignInDependencies &
  PersonDependencies &
  ConnectDependencies &
  CompleteDependencies &
  DisconnectQuestionDependencies &
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

/** Creates the steps of portals. */
export const createPortalSteps = (deps: PortalStepDependencies) =>
  ({
    signIn: ({ portalId, ...begin }) =>
      step(deps, { operation: 'PortalSignIn', portalId }, (served) => signIn(deps, served, begin)),

    signInCallback: ({ portalId, query, ...begun }) =>
      step(deps, { operation: 'PortalSignInCallback', portalId }, (served, annotate) =>
        signInCallback(deps, served, {
          ...begun,
          annotate,
          query: new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])),
        }),
      ),

    /** Returns the portal's appearance to anyone, and the agents and rows to a signed-in person. */
    async view({ portalId, session, after }): Promise<StepResult<{ readonly signedIn: false } | PortalView>> {
      if (session === undefined) {
        return step(deps, { operation: 'Portal', portalId }, () => Promise.resolve({ signedIn: false }));
      }
      return personalStep(deps, { operation: 'Portal', portalId, session }, (served, person) =>
        view(deps, served, person, after),
      );
    },

    connect: ({ connection: key, ...input }) =>
      personalStep(deps, { operation: 'PortalConnect', ...input }, (served, person, annotate) =>
        connect(deps, served, person, { key, annotate }),
      ),

    complete: ({ portalId, session, ...browser }) =>
      personalStep(
        deps,
        { operation: 'CompleteResourceTokenAuth', portalId, session },
        (served, person, annotate) => complete(deps, served, person, { ...browser, annotate }),
      ),

    disconnectQuestion: ({ connection: key, ...input }) =>
      personalStep(deps, { operation: 'PortalDisconnectQuestion', ...input }, (served, person, annotate) =>
        disconnectQuestion(deps, served, person, { key, annotate }),
      ),

    disconnect: ({ connection: key, ...input }) =>
      personalStep(deps, { operation: 'RevokeResourceGrant', ...input }, (served, person, annotate) =>
        disconnect(deps, served, person, { key, annotate }),
      ),

    disconnectAgent: ({ agent: agentName, clientToken, ...input }) =>
      personalStep(deps, { operation: 'RevokeResourceGrant', ...input }, (served, person, annotate) =>
        disconnectAgent(deps, served, person, { agentName, clientToken, annotate }),
      ),

    disconnection: ({ revocationId, ...input }) =>
      personalStep(deps, { operation: 'PortalDisconnection', ...input }, (served, person, annotate) =>
        disconnection(deps, served, person, { revocationId, annotate }),
      ),

    /** Ends the session, also one that is not valid any more. */
    signOut: ({ portalId, session }) =>
      step(deps, { operation: 'PortalSignOut', portalId }, async ({ portal }, annotate) => {
        const ended = await endSession(deps.portalSessions, portal.id, session);
        if (ended) annotate({ user: ended.userHash });
        return { signedOut: true as const };
      }),
  }) satisfies { [Name in StepName]: (input: StepInput<Name>) => Promise<StepResult<object>> };

export type PortalSteps = ReturnType<typeof createPortalSteps>;

/** What a step returns, unless it is refused. */
export type StepOutcome<Name extends StepName> = Exclude<Awaited<ReturnType<PortalSteps[Name]>>, RefusedStep>;

/** The function that performs the steps. */
export interface PortalFunction {
  /**
   * @param origin the browser's request, for audit entries
   * @throws Error if the function failed
   */
  perform<Name extends StepName>(
    name: Name,
    input: StepInput<Name>,
    origin: RequestContext,
  ): Promise<RefusedStep | StepOutcome<Name>>;
}
