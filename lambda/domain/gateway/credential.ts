/** The credential of one request: what selects it at the identity service, and how it is attached. */
import { arnParts } from '../../model/arn';
import { CALLBACK_HEADER, CALLING_AGENT_HEADER } from '../gate/agent-request';
import type { Flow } from '../../model/flow';
import type { IamTargetCredential, OauthTargetCredential } from '../../model/gateway/target-configuration';
import { accessDenied, invalidMember, ServiceError } from '../service-error';
import {
  credentialDenial,
  type CredentialUser,
  type TargetCredentialPolicy,
} from './manage/credential-policy';
import { credentialPlace, NOT_PLACED, placed, type PlacedCredential } from './manage/credential-placement';
import { ConsentRequired, GatewayProblem, type OutstandingConsent } from './problem';
import type { ProvenRequest, ResourceCredentials, ResourceToken, TokenRequest } from './resource-credentials';
import type {
  RoleSession,
  RoleSessions,
  SigningGateway,
  SignRequest,
  UnsignedRequest,
} from './role-sessions';
import { endpointOf, type CalledTarget } from './target';

const FLOW_OF: Readonly<Record<NonNullable<OauthTargetCredential['grantType']>, Flow>> = {
  AUTHORIZATION_CODE: 'USER_FEDERATION',
  CLIENT_CREDENTIALS: 'M2M',
  TOKEN_EXCHANGE: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
};

/** Without a grant type, the AWS API requests client credentials. */
const flowOf = ({ grantType = 'CLIENT_CREDENTIALS' }: OauthTargetCredential): Flow => FLOW_OF[grantType];

const nameIn = (providerArn: string): string => arnParts(providerArn).resource.split('/').at(-1) ?? '';

/** A credential that was retrieved. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key' | 'user-token'; readonly secret: string }
  | { readonly kind: 'token'; readonly secret: string; readonly tokenType?: 'DPoP' | undefined }
  | { readonly kind: 'session'; readonly session: RoleSession };

type Selected =
  | { readonly kind: 'none' }
  | { readonly kind: 'user-token' }
  | { readonly kind: 'api-key'; readonly providerName: string }
  | {
      readonly kind: 'token';
      readonly providerName: string;
      readonly request: Omit<TokenRequest, 'workloadIdentityToken'>;
    }
  | { readonly kind: 'session'; readonly scope: IamTargetCredential };

/** Header of a request with the state of the browser session, which returns to the application after a consent. */
export const STATE_HEADER = 'OAuth2CustomState';

/** What a request states about its consent. */
export interface StatedConsent {
  readonly returnUrl: string | undefined;
  readonly customState: string | undefined;
}

/** Returns what selects the credential of a target. */
export function selectedCredential(
  target: CalledTarget,
  { returnUrl, customState }: StatedConsent,
): Selected {
  const { credential } = target;
  if (!credential) return { kind: 'none' };
  if (credential.credentialProviderType === 'JWT_PASSTHROUGH') return { kind: 'user-token' };
  if (credential.credentialProviderType === 'API_KEY') {
    const { providerArn } = credential.credentialProvider.apiKeyCredentialProvider;
    return { kind: 'api-key', providerName: nameIn(providerArn) };
  }
  if (credential.credentialProviderType === 'GATEWAY_IAM_ROLE') {
    return { kind: 'session', scope: credential.credentialProvider.iamCredentialProvider };
  }
  const oauth = credential.credentialProvider.oauthCredentialProvider;
  const { providerArn, scopes, customParameters, defaultReturnUrl } = oauth;
  const oauth2Flow = flowOf(oauth);
  const back = oauth2Flow === 'USER_FEDERATION' ? (returnUrl ?? defaultReturnUrl) : undefined;
  const providerName = nameIn(providerArn);
  return {
    kind: 'token',
    providerName,
    request: {
      resourceCredentialProviderName: providerName,
      scopes,
      oauth2Flow,
      resourceServerUrl: endpointOf(target),
      ...(customParameters && { customParameters }),
      ...(back !== undefined && { resourceOauth2ReturnUrl: back }),
      ...(oauth2Flow === 'USER_FEDERATION' && customState !== undefined && { customState }),
    },
  };
}

export type SelectedCredential = ReturnType<typeof selectedCredential>;

/** Returns whether the credential depends on the consent of a user. */
export const isConsented = (selected: SelectedCredential): boolean =>
  selected.kind === 'token' && selected.request.oauth2Flow === 'USER_FEDERATION';

/** Returns whether the credential comes from the identity service, which then checks the access each time. */
export const isRetrieved = ({ kind }: SelectedCredential): boolean => kind === 'token' || kind === 'api-key';

/** @throws ConsentRequired if the user has to consent */
function tokenIn(
  target: CalledTarget,
  response: ResourceToken | OutstandingConsent,
): Credential & { kind: 'token' } {
  if ('authorizationUrl' in response) throw new ConsentRequired(target, response);
  return { kind: 'token', secret: response.accessToken, tokenType: response.tokenType };
}

/** The AWS member that the messages of the identity service name. */
const RETURN_URL = 'ResourceOauth2ReturnUrl';

/** A consent that cannot begin, because nothing says where the user returns, or with a URL that is not registered. */
const withoutReturnUrl =
  (isForAgent: boolean, returnUrl: string | undefined) =>
  (error: unknown): never => {
    const isOpen = error instanceof ServiceError && error.message.includes(RETURN_URL);
    if (!isOpen || error.type !== 'ValidationException') throw error;
    // The owner of the agent registers URLs, which the message says. Only the gateway registers its own.
    if (isForAgent && returnUrl !== undefined) throw error;
    throw invalidMember(
      CALLBACK_HEADER,
      isForAgent
        ? 'must be the URL to which the user returns after a consent, because the target has no defaultReturnUrl, which its owner can set'
        : 'must be the defaultReturnUrl of a target of this gateway, because no agent calls; ask the owner of the gateway to set defaultReturnUrl of the target',
    );
  };

/** The calls of the identity service for the credential of one request. */
export interface CredentialSource {
  /**
   * Returns the credential.
   *
   * @param more scopes in addition to those of the target
   * @throws ConsentRequired if the user has to consent; ServiceError
   */
  retrieve(more?: readonly string[]): Promise<Credential>;
  /** Reports a rejected token, and returns another one. @throws as {@link CredentialSource.retrieve} */
  renew(rejected: Credential & { kind: 'token' }): Promise<Credential & { kind: 'token' }>;
  /** Returns the members of a request that contain the credential. */
  attach(credential: Credential, request: ProvenRequest): Promise<PlacedCredential>;
  /** Returns the headers of the request, which otherwise is as it is sent, with a signature if the credential is one. */
  sign(credential: Credential, request: UnsignedRequest): Promise<Readonly<Record<string, string>>>;
}

export interface CredentialDependencies {
  readonly credentials: ResourceCredentials;
  readonly credentialPolicy: TargetCredentialPolicy;
  readonly roleSessions: RoleSessions;
  readonly signRequest: SignRequest;
}

/** What the gateway presents to the identity service, or signs with. */
interface Presented {
  readonly gateway: SigningGateway & CredentialUser;
  /** Absent if no user token came with the request. */
  readonly userToken?: string | undefined;
  /** Returns the gateway's token, which can change during a long response. */
  readonly workloadAccessToken: () => string;
  /** Whether an agent calls, to which the grant belongs then. */
  readonly isForAgent: boolean;
}

export function createCredentialSource(
  { credentials, credentialPolicy, roleSessions, signRequest }: CredentialDependencies,
  target: CalledTarget,
  selected: SelectedCredential,
  { gateway, userToken, workloadAccessToken, isForAgent }: Presented,
): CredentialSource {
  const place = credentialPlace(target.credential);
  const returnUrl = selected.kind === 'token' ? selected.request.resourceOauth2ReturnUrl : undefined;
  const onFailure = withoutReturnUrl(isForAgent, returnUrl);

  /** The operator can have changed what is allowed since the target was configured. */
  function checkAllowed(): void {
    const denial = target.credential && credentialDenial(credentialPolicy, gateway, target.credential);
    if (denial === undefined) return;
    throw new GatewayProblem(
      'credential-unavailable',
      `The credential of this target cannot be used: ${denial}.`,
      {
        detail: 'credential: not allowed by the operator',
      },
    );
  }

  /** An agent acts with what the user granted to it, and the target could not distinguish it from the user. */
  function passedToken(): string {
    if (userToken !== undefined && !isForAgent) return userToken;
    throw accessDenied(
      `This target gets the user token itself, so agents cannot call it. Call it as the user, without the header ${CALLING_AGENT_HEADER}.`,
      'an agent calls a target that gets the user token',
    );
  }

  async function retrieve(more: readonly string[] = []): Promise<Credential> {
    if (selected.kind === 'none') return selected;
    checkAllowed();
    if (selected.kind === 'user-token') return { kind: 'user-token', secret: passedToken() };
    if (selected.kind === 'session') return { kind: 'session', session: await roleSessions(gateway) };
    if (selected.kind === 'api-key') {
      const secret = await credentials.apiKey(workloadAccessToken(), selected.providerName);
      return { kind: 'api-key', secret };
    }
    const { request } = selected;
    const scopes = [...new Set([...request.scopes, ...more])];
    const requested = { ...request, scopes, workloadIdentityToken: workloadAccessToken() };
    return tokenIn(target, await credentials.token(requested).catch(onFailure));
  }

  return {
    retrieve,
    async renew({ secret }) {
      if (selected.kind !== 'token') throw new Error('only a token can be renewed');
      const requested = { ...selected.request, workloadIdentityToken: workloadAccessToken() };
      return tokenIn(target, await credentials.reject(requested, secret).catch(onFailure));
    },
    async attach(credential, request) {
      if (credential.kind === 'none' || !place) return NOT_PLACED;
      if (credential.kind === 'session') {
        const { secretAccessKey, sessionToken } = credential.session;
        return { ...NOT_PLACED, secrets: [secretAccessKey, sessionToken] };
      }
      if (credential.kind !== 'token' || credential.tokenType === undefined || selected.kind !== 'token') {
        return placed(place, credential.secret);
      }
      const { resourceCredentialProviderName, scopes, oauth2Flow, customParameters } = selected.request;
      const requested = {
        workloadIdentityToken: workloadAccessToken(),
        resourceCredentialProviderName,
        scopes,
        oauth2Flow,
        ...(customParameters && { customParameters }),
      };
      const { accessToken, dpopProof } = await credentials.proof(requested, request);
      const bound = placed({ ...place, prefix: 'DPoP' }, accessToken);
      return { ...bound, headers: { ...bound.headers, dpop: dpopProof } };
    },
    async sign(credential, request) {
      return credential.kind === 'session' && selected.kind === 'session'
        ? signRequest(request, selected.scope, credential.session)
        : request.headers;
    },
  };
}
