/** Connecting an account from a portal: begins a consent session on the rights of the portal's owner, and completes it. */
import type { StepInput } from '../../model/events/connections';
import type { Annotate } from '../audit';
import { beginConsent, type BeginDependencies } from '../consent/begin';
import { completeSession, type CompleteSessionDependencies } from '../consent/complete';
import { isHashOf } from '../digest';
import { namedOf, type Named } from '../display-name';
import type { Directory } from '../grant/directory';
import { deletionIn } from '../grant/deletion-check';
import { ProviderFailure } from '../oauth/provider-failure';
import { credentialUseDenial } from '../policy/access';
import { checkRestrictions } from '../restriction/restriction';
import { ServiceError } from '../service-error';
import { portalReturnUrl } from './consent-portal';
import { ownerMay, type Person } from './person';
import { PortalRefusal, refusalOf, requireConnection } from './refusal';
import { annotateRow, useOf, type AgentAtProvider } from './row';
import { rowWithKey, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';

export type ConnectDependencies = BeginDependencies &
  RowDependencies & { readonly directory: Pick<Directory, 'read'> };

/** Returns the authorization URL of a consent session for the row. @throws PortalRefusal, ServiceError */
export async function connect(
  deps: ConnectDependencies,
  served: ServedPortal,
  person: Person,
  { key, annotate }: { readonly key: string; readonly annotate: Annotate },
): Promise<{ readonly authorizationUrl: string }> {
  const row = requireConnection(await rowWithKey(deps, served, person, key));
  annotateRow(annotate, row);
  const { agent, provider, grantId, request, purpose } = row;
  annotate({ flow: 'USER_FEDERATION', scopes: request.scopes });
  checkRestrictions(agent.restrictions, person.userToken);
  if (!row.connection.canConnect) {
    const denial = credentialUseDenial(useOf(served, row));
    throw new PortalRefusal('not-allowed', denial?.detail ?? 'the owner is not authorized to connect it');
  }
  // With the grant as it is now, and the records that the consent depends on.
  const found = await deps.directory.read(agent.identity.name, provider.name, grantId.userHash, grantId);
  checkRestrictions(found.restrictions, person.userToken);
  const deletion = deletionIn(found, grantId.workloadId, provider);
  if (deletion) throw new PortalRefusal('no-such-connection', deletion.message, deletion);
  const use = useOf(served, { ...row, grant: found.grant });
  const denial = credentialUseDenial(use);
  if (denial) throw new PortalRefusal('not-allowed', denial.detail);
  try {
    const { authorizationUrl } = await beginConsent(deps, found.grant, {
      grantId,
      identity: agent.identity,
      provider,
      ...request,
      returnUrl: portalReturnUrl(deps.baseUrl, served.portal.id),
      customState: undefined,
      page: {
        ...(purpose !== undefined && { purpose }),
        portalId: served.portal.id,
      },
      forceAuthentication: false,
      use,
    });
    return { authorizationUrl };
  } catch (error) {
    if (error instanceof ProviderFailure) {
      throw new PortalRefusal('provider-unavailable', `${error.code}: ${error.detail}`, error);
    }
    throw error;
  }
}

export type CompleteDependencies = CompleteSessionDependencies & {
  readonly baseUrl: string;
  readonly directory: Pick<Directory, 'read'>;
};

/** Returns the refusal for an error of a completion; undefined for one that says nothing to the person. */
function completionRefusal(error: unknown): PortalRefusal | undefined {
  if (!(error instanceof ServiceError) || error instanceof PortalRefusal) return undefined;
  const refusal = refusalOf(error, { completes: true });
  return refusal && new PortalRefusal(refusal, error.detail ?? error.message, error);
}

/**
 * Completes a consent session for the signed-in person, as CompleteResourceTokenAuth does for the portal's owner. The
 * session of another person ends, and its code is destroyed. The browser must be the one that delivered the provider's
 * response: otherwise, someone could consent with their own account and send the return URL to the session's person,
 * whose agent would then work with that account.
 *
 * @param sessionUri `session_id` with which the portal's return URL was opened
 * @param bindingCookie content of the browser's cookie for this consent session; undefined if it has none
 * @throws PortalRefusal
 */
export async function complete(
  deps: CompleteDependencies,
  served: ServedPortal,
  person: Person,
  {
    sessionUri,
    bindingCookie,
    annotate,
  }: Omit<StepInput<'complete'>, 'portalId' | 'session'> & { readonly annotate: Annotate },
): Promise<{ readonly completed: AgentAtProvider }> {
  const { portal, owner } = served;
  const returnUrl = portalReturnUrl(deps.baseUrl, portal.id);
  const call = { principal: owner, operation: 'CompleteResourceTokenAuth' } as const;
  let agent: Named | undefined;
  try {
    const { provider } = await completeSession(deps, call, annotate, {
      completionUri: sessionUri,
      rejection: (session) =>
        session.returnUrl === returnUrl && session.page?.portalId === portal.id
          ? undefined
          : 'a session with another return URL than that of the portal, or without its consent page',
      userOf(identity, session) {
        agent = namedOf(identity);
        // For another person, the session must end. So that person needs no admission, and no cookie.
        if (session.userHash === person.userHash) {
          if (!isHashOf(session.responded?.cookieHash, bindingCookie)) {
            throw new PortalRefusal('other-browser', "another browser delivered the provider's response");
          }
          const shown = person.agents.find((agent) => agent.identity.id === identity.id);
          if (!shown || !ownerMay(served, 'RevokeResourceGrant', shown)) {
            const detail = 'the person could not see the connection in the portal, or not disconnect it';
            throw new PortalRefusal('not-allowed', detail);
          }
        }
        return Promise.resolve({ userHash: person.userHash, userToken: person.userToken });
      },
    });
    return {
      completed: {
        agent: agent ?? { name: '', displayName: '' },
        // As the person confirmed it: by now, another principal can have created it again under its name.
        provider: { name: provider.name, displayName: provider.displayName },
      },
    };
  } catch (error) {
    throw completionRefusal(error) ?? error;
  }
}
