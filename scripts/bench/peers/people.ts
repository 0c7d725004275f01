/**
 * The work that the peers share: users who sign in at one realm of Keycloak, `people`, through another, `calendar`,
 * whose tokens all vaults keep. The lifetimes are longer than a run.
 */
import { Browser } from '../../../examples/demo/browser';
import type { DeployedIssuer } from '../../../lambda/domain/identity/trusted-issuer';
import { KeycloakAdmin, type Administrator, type Realm } from '../../../test/keycloak/admin';
import { audienceMapper } from '../../../test/keycloak/on-behalf-of';
import { PASSWORD } from '../../../test/keycloak/people';
import { newSecret } from '../../../test/keycloak/service';

/** The application whose users sign in. */
export const APPLICATION = 'app';
const APPLICATION_URL = 'http://127.0.0.1:9/signed-in';

/** The identity provider of `people`, whose tokens Keycloak keeps. */
export const BROKER = 'calendar';

/** Seconds. */
const LIFETIME = 36_000;
const LIFETIMES = {
  accessTokenLifespan: LIFETIME,
  ssoSessionIdleTimeout: LIFETIME,
  ssoSessionMaxLifespan: LIFETIME,
};

/** The algorithm with which the other peers sign. Keycloak's default, RS256, costs more CPU time to sign. */
const ES256 = { 'access.token.signed.response.alg': 'ES256' };

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface People {
  readonly people: Realm;
  readonly calendar: Realm;
  /** Two clients that exchange tokens at `people`, and get tokens for themselves, by the algorithm of these. */
  readonly clients: { readonly RS256: OAuthClient; readonly ES256: OAuthClient };
  /** Access tokens of the users, by name, issued to {@link APPLICATION}. */
  readonly userTokens: ReadonlyMap<string, string>;
}

/** The issuer of the users' tokens in the settings of the service. */
export const trustIn = (url: string): DeployedIssuer[] => [
  {
    discoveryUrl: `${url}/realms/people/.well-known/openid-configuration`,
    allowedClients: [APPLICATION],
  },
];

const confidential = (clientId: string): OAuthClient => ({ clientId, clientSecret: newSecret() });

/** @param users how many sign in */
export async function signInPeople(administrator: Administrator, users: number): Promise<People> {
  const admin = new KeycloakAdmin(administrator);
  const people = await admin.realm('people', LIFETIMES);
  const calendar = await admin.realm('calendar', LIFETIMES);
  const broker = confidential('broker-of-people');
  await calendar.client({
    clientId: broker.clientId,
    secret: broker.clientSecret,
    publicClient: false,
    redirectUris: [`${people.issuer}/broker/${BROKER}/endpoint`],
  });
  await people.identityProvider({
    alias: BROKER,
    providerId: 'oidc',
    enabled: true,
    storeToken: true,
    addReadTokenRoleOnCreate: true,
    trustEmail: true,
    config: {
      ...broker,
      clientAuthMethod: 'client_secret_basic',
      issuer: calendar.issuer,
      authorizationUrl: calendar.endpoint('auth'),
      tokenUrl: calendar.endpoint('token'),
      jwksUrl: calendar.endpoint('certs'),
      useJwksUrl: 'true',
      validateSignature: 'true',
      defaultScope: 'openid profile email',
    },
  });
  const clients = { RS256: confidential('exchanger'), ES256: confidential('exchanger-es256') };
  for (const { clientId, clientSecret } of Object.values(clients)) {
    await people.client({
      clientId,
      secret: clientSecret,
      publicClient: false,
      serviceAccountsEnabled: true,
      attributes: {
        ...(clientId === clients.ES256.clientId && ES256),
        'standard.token.exchange.enabled': 'true',
      },
    });
  }
  await people.client({
    clientId: APPLICATION,
    publicClient: true,
    redirectUris: [APPLICATION_URL],
    // Keycloak exchanges only tokens whose audience is the client that asks.
    protocolMappers: Object.values(clients).map(({ clientId }) => ({
      ...audienceMapper({ 'included.client.audience': clientId }),
      name: clientId,
    })),
  });
  const userTokens = new Map<string, string>();
  for (let number = 1; number <= users; number += 1) {
    const name = `ana-${number}`;
    await calendar.user(name, PASSWORD);
    userTokens.set(name, await signIn(people, name));
  }
  return { people, calendar, clients, userTokens };
}

/** Signs the user in by the identity provider, by which Keycloak gets the token that it keeps. */
async function signIn(people: Realm, username: string): Promise<string> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: APPLICATION,
    redirect_uri: APPLICATION_URL,
    scope: 'openid',
    kc_idp_hint: BROKER,
  });
  const browser = new Browser();
  const page = await browser.go(`${people.endpoint('auth')}?${query.toString()}`);
  const { url } = await browser.submit(page, { username, password: PASSWORD }, APPLICATION_URL);
  const response = await fetch(people.endpoint('token'), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: APPLICATION,
      redirect_uri: APPLICATION_URL,
      code: new URL(url).searchParams.get('code') ?? '',
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`The sign-in of ${username} returned status ${response.status}.`);
  return token;
}
