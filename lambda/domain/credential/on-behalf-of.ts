/**
 * Exchanges the user token that GetWorkloadAccessTokenForJWT received for an access token of the provider. The service
 * stores the access token for this user token only, and no longer than the user token is valid: another token of the
 * same user needs another exchange.
 */
import type { OnBehalfOfConfig } from '../../model/provider/on-behalf-of';
import { checkIdToken, requestIdentityAssertion } from '../oauth/identity-assertion-grant';
import { exchangeOnBehalfOf, type ActorToken, type OnBehalfOfRequest } from '../oauth/token-exchange';
import { checkedClient, tokenClientOf } from '../oauth/provider-client';
import { ProviderFailure } from '../oauth/provider-failure';
import { TOKEN_TYPE } from '../oauth/subject-token-type';
import type { ProviderClient } from '../oauth/token-request';
import type { WebIdentityTokens } from '../oauth/web-identity';
import { userHashOf } from '../../model/user';
import { assertionProviderRejection } from '../provider/assertion-provider';
import { resourcesAt } from '../provider/discovery';
import { onBehalfOfConfigOf } from '../provider/on-behalf-of';
import { invalidMember } from '../service-error';
import type { Delegation } from '../workload-token/claims';
import { MAX_CARRIED_CHARACTERS, openSubjectToken, type CarriedToken } from '../workload-token/subject-token';
import type { Directory } from '../grant/directory';
import { grantTarget } from '../grant/grant';
import { exchangedToken, type ReturnedToken } from '../grant/held-token';
import { machineToken, type MachineTokenDependencies } from './machine-token';
import type { TokenSource } from '../grant/renewal';
import type { Admitted } from './oauth2-token-request';

export interface OnBehalfOfDependencies extends MachineTokenDependencies {
  readonly webIdentityTokens: WebIdentityTokens;
  readonly directory: Pick<Directory, 'read'>;
}

const MEMBER = 'workloadIdentityToken';

/**
 * Returns the carried user token.
 *
 * @throws ValidationException that says how to get a workload access token that carries one
 */
export function carriedTokenOf({ user, subjectToken }: Delegation): CarriedToken {
  if (subjectToken) return subjectToken;
  throw user?.kind === 'jwt'
    ? invalidMember(
        MEMBER,
        `carries no user token, because it was issued for an identity assertion, for another agent that calls this one, or for a user token of more than ${MAX_CARRIED_CHARACTERS} characters; get one with GetWorkloadAccessTokenForJWT and a shorter ID token or access token`,
      )
    : invalidMember(
        MEMBER,
        'carries no user token; for ON_BEHALF_OF_TOKEN_EXCHANGE, get one with GetWorkloadAccessTokenForJWT',
      );
}

/** Returns the agent's own access token at the same provider, from the token vault if it is stored. */
async function machineActor(
  deps: MachineTokenDependencies,
  { principal, identity, tokenHolder, annotate }: Admitted,
  scopes: readonly string[],
): Promise<ActorToken> {
  const providerName = tokenHolder.provider.name;
  const grantId = {
    workloadId: tokenHolder.grantId.workloadId,
    userHash: userHashOf(undefined),
    target: grantTarget({ flow: 'M2M', providerName, scopes, resources: [], audiences: [] }),
  };
  const machine = {
    principal,
    identity,
    tokenHolder: {
      provider: tokenHolder.provider,
      workloadArn: tokenHolder.workloadArn,
      grantId,
      resources: [],
      audiences: [],
      requestUser: tokenHolder.requestUser,
    },
    grant: await deps.grants.get(grantId),
    // The token has the scopes that the provider's owner set. It goes to the provider that issued it, not to the caller.
    use: undefined,
    annotate,
    scopes,
  };
  const { output } = await machineToken(deps, machine);
  return { type: TOKEN_TYPE.accessToken, token: output.accessToken };
}

/** Returns the actor token, which authenticates the agent to the provider in addition to the user. */
async function actorOf(
  deps: OnBehalfOfDependencies,
  admitted: Admitted,
  config: OnBehalfOfConfig,
  { metadata }: ProviderClient,
): Promise<ActorToken | undefined> {
  if (config.grantType !== 'TOKEN_EXCHANGE') return undefined;
  const { actorTokenContent, actorTokenScopes = [] } = config.tokenExchangeGrantTypeConfig;
  if (actorTokenContent === 'NONE') return undefined;
  if (actorTokenContent === 'M2M') return machineActor(deps, admitted, actorTokenScopes);
  actorTokenContent satisfies 'AWS_IAM_ID_TOKEN_JWT';
  const { provider, workloadArn: workload } = admitted.tokenHolder;
  const { token_endpoint: audience } = metadata;
  if (audience === undefined) throw new ProviderFailure('invalid_metadata', 'there is no token endpoint');
  const token = await deps.webIdentityTokens.get({ audience, workload, owner: provider.owner });
  return { type: TOKEN_TYPE.jwt, token };
}

/** The members of a request that carry the user, and what the token is for. */
type Subject = Pick<OnBehalfOfRequest, 'subjectToken' | 'actor' | 'resources' | 'audiences'>;

/**
 * Returns an identity assertion of the user's identity provider as the subject. It states the resources, so the request
 * that presents it does not, except for the resource of a provider that has one (RFC 8707).
 *
 * @param credentialProviderName provider of the identity provider, which issues the assertion
 * @param userToken the user's ID token
 * @param resourceClient the client that presents the assertion
 * @throws ValidationException for a user token that is not an ID token of the client at the identity provider, and for a
 *   provider that cannot get assertions for this one any more; ProviderFailure
 */
async function assertedSubject(
  deps: OnBehalfOfDependencies,
  { identity, input, tokenHolder, delegation }: Admitted,
  credentialProviderName: string,
  userToken: string,
  resourceClient: ProviderClient,
): Promise<Subject> {
  const { provider, metadata } = resourceClient;
  const { provider: found } = await deps.directory.read(
    identity.name,
    credentialProviderName,
    userHashOf(delegation.user),
  );
  const rejection = assertionProviderRejection(found, tokenHolder.provider);
  if (!found || rejection !== undefined) {
    throw invalidMember(
      'resourceCredentialProviderName',
      `names a credential provider whose identityAssertionConfig is not valid any more: "${credentialProviderName}" ${rejection}`,
    );
  }
  try {
    const identityProvider = await deps.providerClients.of(found, tokenHolder.workloadArn);
    checkIdToken(userToken, identityProvider);
    const subjectToken = await requestIdentityAssertion(identityProvider, {
      idToken: userToken,
      audience: metadata.issuer,
      clientId: provider.clientId,
      scopes: input.scopes,
      resources: resourcesAt(provider.discovery, tokenHolder.resources),
    });
    return { subjectToken, actor: undefined, resources: [], audiences: tokenHolder.audiences };
  } catch (error) {
    throw error instanceof ProviderFailure ? error.at(found.name) : error;
  }
}

/** Returns the user token as the subject, or the assertion of it. */
async function subjectOf(
  deps: OnBehalfOfDependencies,
  admitted: Admitted,
  carried: CarriedToken,
  config: OnBehalfOfConfig,
  client: ProviderClient,
): Promise<Subject> {
  const { delegation, tokenHolder } = admitted;
  const actor = await actorOf(deps, admitted, config, client);
  const userToken = await openSubjectToken(deps.seal, delegation, carried);
  if (config.grantType === 'IDENTITY_ASSERTION') {
    const { credentialProviderName } = config.identityAssertionConfig;
    return assertedSubject(deps, admitted, credentialProviderName, userToken, client);
  }
  return {
    subjectToken: userToken,
    actor,
    resources: tokenHolder.resources,
    audiences: tokenHolder.audiences,
  };
}

/** Returns a source that exchanges the user token at every renewal. */
const exchangeOf = (
  deps: OnBehalfOfDependencies,
  admitted: Admitted,
  carried: CarriedToken,
  config: OnBehalfOfConfig,
): TokenSource => ({
  // A rejection does not revoke a consent: the next request tries again.
  endsWithGrant: false,
  // It can request an identity assertion, or the agent's own token.
  preparesByReading: false,
  async prepare() {
    const { input, tokenHolder } = admitted;
    const client = await tokenClientOf(deps.providerClients, tokenHolder);
    const request = {
      ...(await subjectOf(deps, admitted, carried, config, client)),
      scopes: input.scopes,
      customParameters: input.customParameters ?? {},
    };
    return {
      requestedScopes: input.scopes,
      async send(check) {
        const obtained = await exchangeOnBehalfOf(checkedClient(client, check), config, request);
        return { ...obtained, expiresAt: Math.min(obtained.expiresAt ?? Infinity, carried.expiresAt) };
      },
    };
  },
});

/**
 * Returns the access token that the user token is exchanged for.
 *
 * @param admitted with the grant of this user token
 * @throws ValidationException for a provider that exchanges no tokens; ProviderFailure; ThrottlingException if an
 *   immediate retry can succeed
 */
export async function onBehalfOfToken(
  deps: OnBehalfOfDependencies,
  admitted: Admitted,
): Promise<ReturnedToken> {
  const { input, delegation, tokenHolder, grant, use, annotate } = admitted;
  const config = onBehalfOfConfigOf(tokenHolder.provider);
  if (!config) {
    throw invalidMember(
      'oauth2Flow',
      `must be another one, because the credential provider "${tokenHolder.provider.name}" has no on-behalf-of configuration; its owner can add one to a CustomOauth2 provider (onBehalfOfTokenExchangeConfig)`,
    );
  }
  const source = exchangeOf(deps, admitted, carriedTokenOf(delegation), config);
  const { scopes, forceAuthentication = false } = input;
  return exchangedToken(deps, { tokenHolder, grant, scopes, source, use, annotate, forceAuthentication });
}
