/** The servers of other organizations that report to the service, or that it asks, each behind a proxy. */
import type { Configuration } from 'oidc-provider';
import { hashOf } from '../../lambda/domain/digest';
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { CLIENT } from '../flows/support/assertion-server';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { PollTransmitter } from '../flows/support/poll-transmitter';
import { AUDIENCE, AUTHORIZATION } from '../flows/support/transmitter';
import type { FaultProxies } from './fault-proxy';

/** The client that logout tokens are for. */
export const LOGOUT_CLIENT = 'assistant';

/** The bearer token with which the service polls. */
export const POLL_TOKEN = 'token-of-the-stream-0123456789';

/** The name of the first secret in the embedded AWS Secrets Manager. */
export const POLL_SECRET = 'secret-1';

/** The client of identity assertions, their audience, and the only agent that accepts them. */
export const ASSERTIONS = {
  client: 'partner-at-agents',
  audience: 'https://agents.example',
  workloadName: 'agent-of-assertions',
} as const;

/** `id` of the issuers: of one that pushes its events, and of one that is polled. */
export const PUSHING = 'people';
export const POLLED = 'polled';

/** Names people in its ID tokens. */
const IDENTITY_PROVIDER: Configuration = {
  ttl: { AuthorizationCode: 3600, Interaction: 3600 },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'] },
  scopes: ['openid', 'profile', 'offline_access'],
  findAccount: (_context, id) => ({ accountId: id, claims: () => Promise.resolve({ sub: id, name: id }) }),
};

export interface Reporters {
  /** Signs security events. */
  readonly keys: TestIssuer;
  /** Delivers security events that the service polls. */
  readonly poll: PollTransmitter;
  /** Users of the issuer that is polled. */
  readonly polled: TestIssuer;
  /** Address of the transmitter that is polled. */
  readonly pollOrigin: string;
  /** The organization's identity provider, with which people sign in to a portal. */
  readonly identityProvider: TestProvider;
  readonly close: () => Promise<void>;
}

export async function startReporters(
  faults: FaultProxies,
  behind: (address: string) => Promise<string>,
): Promise<Reporters> {
  const [identityProvider, keys, polled, poll] = await Promise.all([
    startProvider(IDENTITY_PROVIDER, { behind }),
    startIssuer(undefined, behind),
    startIssuer(undefined, behind),
    PollTransmitter.start(),
  ]);
  const pollOrigin = await faults.toServer(new URL(poll.endpoint).origin, () => true);
  const close = async (): Promise<void> => {
    await Promise.all([identityProvider.close(), keys.close(), polled.close(), poll.close()]);
  };
  return { identityProvider, keys, polled, poll, pollOrigin, close };
}

/** Returns the trusted issuers of the deployment. */
export function trustedIssuers(
  { identityProvider, keys, polled, pollOrigin }: Reporters,
  { discoveryUrl, audience }: TestIssuer,
): DeployedIssuer[] {
  const transmitter = { issuer: keys.issuer, jwksUri: `${keys.issuer}/jwks`, audience: [AUDIENCE] };
  return [
    {
      discoveryUrl: identityProvider.discoveryUrl,
      allowedAudience: [identityProvider.clientId],
    },
    {
      discoveryUrl,
      // Also ID tokens of the client that exchanges them for identity assertions.
      allowedAudience: [audience, CLIENT.clientId],
      securityEvents: {
        id: PUSHING,
        transmitter: { ...transmitter, authorizationHash: hashOf(AUTHORIZATION) },
        backChannelLogout: { clientIds: [LOGOUT_CLIENT] },
        globalTokenRevocation: { issuer: keys.issuer, jwksUri: `${keys.issuer}/jwks` },
      },
    },
    {
      discoveryUrl,
      identityAssertions: {
        audience: ASSERTIONS.audience,
        clients: [{ clientId: ASSERTIONS.client, workloadIdentities: [ASSERTIONS.workloadName] }],
      },
    },
    {
      discoveryUrl: polled.discoveryUrl,
      allowedAudience: [polled.audience],
      securityEvents: {
        id: POLLED,
        transmitter: {
          ...transmitter,
          poll: {
            endpoint: `${pollOrigin}/poll`,
            authorization: { secretId: POLL_SECRET, jsonKey: 'token' },
          },
        },
      },
    },
  ];
}
