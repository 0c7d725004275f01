/**
 * Signing in to a portal at the organization's identity provider. Nothing is stored before the provider's response: the
 * state, the nonce, and the code verifier all follow from a secret in the browser's cookie, so only this browser can
 * finish the sign-in, and only with the response to it. The first response with a code uses up the state.
 */
import type { StepInput } from '../../model/events/connections';
import type { Annotate } from '../audit';
import { authorizationUrl, challengeOf, pushedParameters } from '../consent/authorization-request';
import { hashOf } from '../digest';
import type { DeployedIssuer } from '../identity/trusted-issuer';
import { userHashOf } from '../../model/user';
import type { UserTokenVerifier } from '../identity/user-token';
import { isCompactJws } from '../compact-jws';
import type { ProviderClients } from '../oauth/provider-client';
import { ProviderFailure } from '../oauth/provider-failure';
import type { Metadata } from '../oauth/provider-metadata';
import { pushAuthorizationRequest } from '../oauth/pushed-authorization';
import {
  redeemSignIn,
  SignInDenied,
  validatedSignInResponse,
  type SignInBinding,
  type SignInTokens,
} from '../oauth/sign-in';
import type { ProviderClient } from '../oauth/token-request';
import { connectionOf, clientBindingDigest } from '../provider/oauth2-provider';
import { vendorOf } from '../provider/vendors';
import { restrictionDenial, type IdentityReader } from '../restriction/restriction';
import type { UserEmails } from '../restriction/user-emails';
import { ServiceError } from '../service-error';
import { epochSeconds, type System } from '../system';
import { isConfigured } from './configured-resources';
import { portalCallbackUrl } from './consent-portal';
import { PortalRefusal, type Refusal } from './refusal';
import type { ServedPortal } from './served-portal';
import { endSession, trustDigest, type PortalSessionStore } from './session';
import { bindingOf, SIGN_IN_SECONDS } from './sign-in-binding';
import type { IdTokenVerifier, SignedInUser } from './sign-in-token';

export interface SignInDependencies {
  readonly providerClients: ProviderClients;
  readonly portalSessions: PortalSessionStore;
  readonly directory: IdentityReader;
  readonly idTokens: IdTokenVerifier;
  readonly userTokens: UserTokenVerifier;
  /** Finds the users of reports that name email addresses. */
  readonly userEmails: UserEmails;
  /** The deployment's issuers, for workload identities without their own authorizer configuration. */
  readonly trustedIssuers: readonly DeployedIssuer[];
  readonly system: System;
  readonly baseUrl: string;
}

/** Seconds after which a session ends, even if the ID token is valid for longer. */
const MAX_SESSION = 12 * 3600;

/** Whether the request has a code challenge: as for consent, always unless the vendor or the metadata exclude it. */
const usesPkce = ({ metadata, provider }: Pick<ProviderClient, 'metadata' | 'provider'>): boolean =>
  vendorOf(provider.vendor).pkce !== false &&
  (metadata.code_challenge_methods_supported?.includes('S256') ?? true);

/** Returns the scopes of the sign-in, which always include `openid`. */
const scopesOf = ({ portal }: ServedPortal): readonly string[] => [
  ...new Set(['openid', ...portal.idpConfig.scopes]),
];

/** Returns the endpoint and keys that a sign-in needs. @throws ProviderFailure if the metadata lack one */
export function signInEndpoints({ authorization_endpoint: endpoint, jwks_uri: jwksUri }: Metadata): {
  readonly endpoint: string;
  readonly jwksUri: string;
} {
  if (endpoint === undefined) {
    throw new ProviderFailure('invalid_metadata', 'the provider has no authorization endpoint');
  }
  if (jwksUri === undefined) {
    throw new ProviderFailure('invalid_metadata', 'the provider publishes no keys');
  }
  return { endpoint, jwksUri };
}

/**
 * Returns the `prompt` (OpenID Connect Core 1.0, section 3.1.2.1) for a sign-in with another account. Without it, single
 * sign-on returns the account that is signed in. Undefined if the provider's metadata list neither value.
 */
export const accountPrompt = ({ prompt_values_supported: supported }: Metadata): string | undefined =>
  ['select_account', 'login'].find((value) => supported?.includes(value) ?? true);

/** Returns the location for the browser. @throws ProviderFailure */
async function signInUrl(
  client: ProviderClient,
  served: ServedPortal,
  request: { readonly binding: SignInBinding; readonly redirectUri: string; readonly otherAccount: boolean },
): Promise<string> {
  const { binding, redirectUri, otherAccount } = request;
  const { endpoint } = signInEndpoints(client.metadata);
  const { clientId } = client.provider;
  const prompt = otherAccount ? accountPrompt(client.metadata) : undefined;
  const { audience } = served.portal.idpConfig;
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopesOf(served).join(vendorOf(client.provider.vendor).scopeSeparator ?? ' '),
    state: binding.state,
    nonce: binding.nonce,
    ...(usesPkce(client) && {
      code_challenge: challengeOf(binding.codeVerifier),
      code_challenge_method: 'S256',
    }),
    ...(audience !== undefined && { audience }),
    ...(prompt !== undefined && { prompt }),
  });
  // Anyone can open the sign-in page, so the service pushes only where the provider accepts nothing else.
  if (!client.metadata.require_pushed_authorization_requests) return authorizationUrl(endpoint, parameters);
  const { requestUri } = await pushAuthorizationRequest(client, parameters);
  return authorizationUrl(endpoint, pushedParameters(clientId, requestUri));
}

/** Returns the refusal for a failure at the identity provider. */
function failureRefusal(failure: ProviderFailure): PortalRefusal {
  const rejected = failure instanceof SignInDenied && failure.code === 'access_denied';
  const refusal: Refusal = failure.unavailable
    ? 'login_unavailable'
    : rejected
      ? 'login_rejected'
      : 'login_failed';
  return new PortalRefusal(refusal, `${failure.code}: ${failure.detail}`, failure);
}

/** @throws PortalRefusal in place of a ProviderFailure */
async function atProvider<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ProviderFailure ? failureRefusal(error) : error;
  }
}

const clientOf = (deps: SignInDependencies, { portal, signInProvider }: ServedPortal) =>
  deps.providerClients.of(signInProvider, portal.arn);

/**
 * Begins a sign-in: returns the portal and the URL of the identity provider.
 *
 * @throws PortalRefusal
 */
export async function signIn(
  deps: SignInDependencies,
  served: ServedPortal,
  { secret, otherAccount }: Omit<StepInput<'signIn'>, 'portalId'>,
): Promise<{ readonly signInUrl: string }> {
  const { id } = served.portal;
  return atProvider(async () => ({
    signInUrl: await signInUrl(await clientOf(deps, served), served, {
      binding: bindingOf(id, secret),
      redirectUri: portalCallbackUrl(deps.baseUrl, id),
      otherAccount: otherAccount === true,
    }),
  }));
}

/**
 * Returns the digests of the portal's agents that admit the user: as GetWorkloadAccessTokenForJWT would with one of the
 * tokens. So a person who cannot use an agent cannot connect accounts to it either. Another owner chooses the issuer of its
 * agent, which must not keep the person from the other agents: one whose issuer is unavailable does not admit the user.
 *
 * @throws PortalRefusal `login_rejected` for a suspended user, and if no agent admits the user; in its place,
 *   `login_unavailable` if an issuer is unavailable
 */
async function admittingAgents(
  deps: SignInDependencies,
  { portal }: ServedPortal,
  { idToken, accessToken }: SignInTokens,
  person: SignedInUser,
): Promise<string[]> {
  const userHash = userHashOf(person.user);
  const tokens = [idToken, ...(isCompactJws(accessToken) ? [accessToken] : [])];
  const reasons = new Set<string>();
  const unavailable: PortalRefusal[] = [];
  const admitting = await Promise.all(
    portal.sources.map(async ({ identifier }) => {
      const { identity, restrictions } = await deps.directory.readIdentity(identifier, userHash);
      const denial = restrictionDenial({ agent: undefined, user: restrictions.user }, person);
      if (denial) throw new PortalRefusal('login_rejected', denial.detail ?? denial.message, denial);
      if (!identity || !isConfigured(portal, identity)) return undefined;
      for (const token of tokens) {
        try {
          const verified = await deps.userTokens.verify(token, identity);
          if (userHashOf(verified.user) === userHash) {
            await deps.userEmails.check(verified, userHash);
            return trustDigest(identity, deps.trustedIssuers);
          }
          reasons.add('token of another user');
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          const reason = error.detail ?? error.message;
          if (error.type === 'InternalServerException') {
            unavailable.push(new PortalRefusal('login_unavailable', reason, error));
          }
          reasons.add(reason);
        }
      }
      return undefined;
    }),
  );
  const digests = admitting.filter((digest) => digest !== undefined);
  if (digests.length > 0) return digests;
  throw (
    unavailable[0] ??
    new PortalRefusal('login_rejected', `no agent admits the user: ${[...reasons].join('; ')}`)
  );
}

/**
 * Remembers the email address of the ID token, so that a report that names the address ends the session.
 *
 * @throws PortalRefusal `login_rejected` if such a report applies to the sign-in
 */
async function checkEmail({ userEmails }: SignInDependencies, person: SignedInUser): Promise<void> {
  try {
    await userEmails.check(person, userHashOf(person.user));
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new PortalRefusal('login_rejected', error.detail ?? error.message, error);
  }
}

/** What the browser's cookie has in addition to the secret of a new session. */
export interface NewSession {
  readonly expiresAt: number;
  /** Absent if the identity provider does not name the person, and after a repetition: no record has the name. */
  readonly personName?: string;
}

/** The identity provider's response, and the browser that delivered it. */
type SignInResponse = Omit<StepInput<'signInCallback'>, 'portalId' | 'query'> & {
  readonly query: URLSearchParams;
};

/** @throws PortalRefusal `login_failed` if another response has used the state */
async function consumeState(
  { portalSessions, system }: SignInDependencies,
  { state }: Pick<SignInBinding, 'state'>,
  newSession: string,
): Promise<void> {
  const first = await portalSessions.consumeState({
    stateHash: hashOf(state),
    sessionHash: hashOf(newSession),
    expiresAt: epochSeconds(system) + SIGN_IN_SECONDS,
  });
  if (!first) throw new PortalRefusal('login_failed', 'the sign-in had a response before');
}

/** Redeems the code, and validates what the identity provider says about the person. @throws PortalRefusal */
function redeemResponse(
  deps: SignInDependencies,
  served: ServedPortal,
  { secret, query, newSession }: SignInResponse,
): Promise<{ readonly tokens: SignInTokens; readonly person: SignedInUser }> {
  const { id } = served.portal;
  const binding = bindingOf(id, secret);
  return atProvider(async () => {
    const client = await clientOf(deps, served);
    const { jwksUri } = signInEndpoints(client.metadata);
    const response = validatedSignInResponse(client, query, binding);
    await consumeState(deps, binding, newSession);
    const redirectUri = portalCallbackUrl(deps.baseUrl, id);
    const tokens = await redeemSignIn(client, response, { redirectUri, binding, pkce: usesPkce(client) });
    const { issuer } = client.metadata;
    const { clientId } = client.provider;
    const connection = connectionOf(client.provider);
    const expected = { issuer, jwksUri, connection, clientId, nonce: binding.nonce };
    return { tokens, person: await deps.idTokens.verify(tokens.idToken, expected) };
  });
}

/** A response, and the audit entry of its request. */
interface AnnotatedResponse extends SignInResponse {
  readonly annotate: Annotate;
}

/** Creates the session of a person whom an agent of the portal admits. @throws PortalRefusal */
async function createSession(
  deps: SignInDependencies,
  served: ServedPortal,
  { annotate, ...response }: AnnotatedResponse,
): Promise<NewSession> {
  const { portal, signInProvider } = served;
  const { tokens, person } = await redeemResponse(deps, served, response);
  const userHash = userHashOf(person.user);
  annotate({ user: userHash });
  const admittedBy = await admittingAgents(deps, served, tokens, person);
  await checkEmail(deps, person);
  const { issuedAt, sessionHash, personName } = person;
  const expiresAt = Math.min(person.expiresAt, epochSeconds(deps.system) + MAX_SESSION);
  await deps.portalSessions.create({
    hash: hashOf(response.newSession),
    portalId: portal.id,
    userHash,
    issuedAt,
    ...(sessionHash !== undefined && { sessionHash }),
    client: clientBindingDigest(signInProvider),
    admittedBy,
    expiresAt,
  });
  return { expiresAt, ...(personName !== undefined && { personName }) };
}

/**
 * Returns the session that this sign-in has created. If the response of this function is lost, Lambda's client repeats
 * the invocation, after the code was redeemed. Only the repetition has the secret of the new session: another request of
 * the browser, with the same response of the identity provider, has another one, and redeems no code.
 */
async function createdSession(
  { portalSessions }: Pick<SignInDependencies, 'portalSessions'>,
  { portal }: ServedPortal,
  { newSession, annotate }: Pick<AnnotatedResponse, 'newSession' | 'annotate'>,
): Promise<NewSession | undefined> {
  const created = await portalSessions.get(hashOf(newSession));
  if (created?.portalId !== portal.id) return undefined;
  annotate({ user: created.userHash });
  return { expiresAt: created.expiresAt };
}

/**
 * Finishes a sign-in: validates the identity provider's response, and creates a session. It replaces the browser's
 * previous session, which no cookie could sign out any more.
 *
 * @throws PortalRefusal
 */
export async function signInCallback(
  deps: SignInDependencies,
  served: ServedPortal,
  response: AnnotatedResponse,
): Promise<{ readonly session: NewSession }> {
  const session =
    (await createdSession(deps, served, response)) ?? (await createSession(deps, served, response));
  const { previous } = response;
  if (previous !== undefined) await endSession(deps.portalSessions, served.portal.id, previous);
  return { session };
}
