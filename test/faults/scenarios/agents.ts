/** Agents, providers, and grants of the scenarios. They are created without faults. */
import { Browser } from '../../flows/support/browser';
import { signInAndConsent, type TestProvider } from '../../flows/support/provider';
import { RETURN_URL } from '../../flows/support/world';
import { periodAt, SIGNING_PERIOD } from '../../../lambda/domain/workload-token/signing-key';
import { passTime } from '../passing-time';
import type { Stage } from '../stage';
import type { HttpResponse } from '../../local/handmade-request';
import { called, json, type Input } from './request';

/** Seconds after which no function has a key, a token, or metadata in its caches. */
export const CACHES_END = 601;

export interface Agent {
  readonly name: string;
  readonly provider: string;
  readonly callbackUrl: string;
}

export const customProvider = (stage: Stage, name: string, more: object = {}) => {
  const { clientId, clientSecret, discoveryUrl } = stage.world.provider;
  return {
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: { clientId, clientSecret, oauthDiscovery: { discoveryUrl }, ...more },
    },
  };
};

export async function newIdentity(stage: Stage): Promise<string> {
  const name = stage.unique('agent');
  await called(stage, 'CreateWorkloadIdentity', {
    body: { name, allowedResourceOauth2ReturnUrls: [RETURN_URL] },
  });
  return name;
}

export async function newProvider(stage: Stage, more: object = {}) {
  const name = stage.unique('provider');
  const { callbackUrl } = await called<{ callbackUrl: string }>(stage, 'CreateOauth2CredentialProvider', {
    body: customProvider(stage, name, more),
  });
  stage.world.provider.allowRedirect(callbackUrl);
  return { name, callbackUrl };
}

export async function newAgent(stage: Stage): Promise<Agent> {
  const name = await newIdentity(stage);
  const { name: provider, callbackUrl } = await newProvider(stage);
  return { name, provider, callbackUrl };
}

/** Returns a workload access token, for a user ID if there is one. */
export async function tokenOf(stage: Stage, workloadName: string, userId?: string): Promise<string> {
  const { workloadAccessToken } = await called<{ workloadAccessToken: string }>(
    stage,
    userId === undefined ? 'GetWorkloadAccessToken' : 'GetWorkloadAccessTokenForUserId',
    { body: { workloadName, ...(userId !== undefined && { userId }) } },
  );
  stage.secrets.add(workloadAccessToken);
  return workloadAccessToken;
}

export const tokenRequest = (
  { provider }: Agent,
  workloadIdentityToken: string,
  more: object = {},
): Input => ({
  body: {
    workloadIdentityToken,
    resourceCredentialProviderName: provider,
    scopes: ['openid', 'a'],
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: RETURN_URL,
    ...more,
  },
});

export const M2M = { oauth2Flow: 'M2M', scopes: ['a'] } as const;

export interface TokenResponse {
  readonly accessToken?: string;
  readonly authorizationUrl?: string;
  readonly sessionUri?: string;
  readonly sessionStatus?: string;
}

export const askFor = (
  stage: Stage,
  agent: Agent,
  token: string,
  more: object = {},
): Promise<TokenResponse> => called(stage, 'GetResourceOauth2Token', tokenRequest(agent, token, more));

/** Signs in and consents in a browser; returns the `session_id` of the return URL. */
export async function consentAt(stage: Stage, authorizationUrl: string, login: string): Promise<string> {
  const page = await signInAndConsent(new Browser(), authorizationUrl, login, 'http://127.0.0.1:9/');
  const sessionUri = new URL(page.url).searchParams.get('session_id') ?? '';
  stage.secrets.add(sessionUri);
  return sessionUri;
}

export interface Granted {
  readonly agent: Agent;
  readonly userId: string;
}

/** An agent with the grant of a user. */
export async function grantedAgent(stage: Stage): Promise<Granted> {
  const agent = await newAgent(stage);
  const userId = stage.unique('user');
  await consent(stage, { agent, userId });
  return { agent, userId };
}

/** The user grants the agent access. */
export async function consent(stage: Stage, { agent, userId }: Granted): Promise<void> {
  const { authorizationUrl = '' } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
  const sessionUri = await consentAt(stage, authorizationUrl, userId);
  await called(stage, 'CompleteResourceTokenAuth', { body: { sessionUri, userIdentifier: { userId } } });
}

/**
 * Moves the clock into the next period of signing keys but one, which has no key yet. The calls depend on how much is left
 * of it: a day before its end, the key of the period after it is due.
 *
 * @param secondsBeforeEnd by default, half of the period
 */
export function enterSigningPeriod(secondsBeforeEnd = SIGNING_PERIOD / 2): void {
  const now = Date.now() / 1000;
  passTime((periodAt(now) + 3) * SIGNING_PERIOD - secondsBeforeEnd - now);
}

/** Lets every cache of the functions end. */
export const cool = (): void => passTime(CACHES_END);

export const hasToken = (response: HttpResponse): boolean =>
  response.status === 200 && json<TokenResponse>(response).accessToken !== undefined;

export const hasLink = (response: HttpResponse): boolean =>
  response.status === 200 && json<TokenResponse>(response).authorizationUrl !== undefined;

/** @throws Error if the agent does not get an access token that the provider accepts */
export async function expectUsable(stage: Stage, agent: Agent, more: object, userId?: string): Promise<void> {
  const { accessToken = '' } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId), more);
  if (!(await isActive(stage, accessToken))) throw new Error('the provider does not accept the access token');
}

/** Returns whether the provider accepts the access token. */
export async function isActive(
  { world }: Stage,
  accessToken: string,
  provider: TestProvider = world.provider,
): Promise<boolean> {
  const { issuer, clientId, clientSecret } = provider;
  const response = await fetch(`${issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ token: accessToken }),
  });
  const { active } = (await response.json()) as { active: boolean };
  return active;
}
