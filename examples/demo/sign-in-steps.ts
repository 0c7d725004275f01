/** Steps 1 to 7: from the sign-in to the agent that knows which user it acts for. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { FERNHILL_ACCOUNTS } from '../local/accounts';
import { bearerToken, header, list, type Stage } from './stage';
import type { Step } from './step';

/** The user's question. */
export const QUESTION = 'What is on my calendar?';

const has = (query: URLSearchParams, ...names: string[]): boolean => names.every((name) => query.has(name));

/** Headers that the gate sends to the agent. */
const DELIVERED = [
  'workloadaccesstoken',
  'oauth2callbackurl',
  'x-amzn-bedrock-agentcore-runtime-session-id',
  'x-amzn-bedrock-agentcore-runtime-request-id',
];

export const signInSteps: readonly Step<Stage>[] = [
  {
    lane: 'user',
    title: 'signs in with OAuth/OIDC and passes the token to the application',
    play: async (stage, report) => {
      const { browser, wire, world } = stage;
      const [person] = FERNHILL_ACCOUNTS;
      const signInPage = await browser.go(`${world.exampleApp}/sign-in`, { form: {} });
      const credentials = { username: person?.username ?? '', password: person?.password ?? '' };
      const callback = world.identityProvider.redirectUri;
      stage.page = await browser.submit(signInPage, credentials, callback);

      report.saw(await wire.next({ to: 'application', method: 'POST', path: '/sign-in' }));
      const asked = report.saw(await wire.next({ to: 'Fernhill ID', method: 'GET', path: '/auth' }));
      report.saw(await wire.next({ to: 'Fernhill ID', method: 'GET', path: /^\/interaction\// }));
      report.saw(await wire.next({ to: 'Fernhill ID', method: 'POST', path: /\/sign-in$/ }));
      stage.signInState = asked.query.get('state') ?? '';
      report.check(
        asked.query.get('response_type') === 'code' && has(asked.query, 'state', 'nonce'),
        'authorization code flow, with state and nonce',
      );
      report.check(asked.query.get('code_challenge_method') === 'S256', 'PKCE (RFC 7636) with S256');
      report.check(
        has(new URL(stage.page.url).searchParams, 'code', 'state', 'iss'),
        'the browser goes back with code, state, and iss (RFC 9207)',
      );
    },
  },
  {
    lane: 'application',
    title: 'processes the sign-in',
    play: async (stage, report) => {
      const { browser, wire } = stage;
      const state = new URL(stage.page.url).searchParams.get('state');
      stage.page = await browser.go(stage.page.url);

      const callback = report.saw(await wire.next({ to: 'application', method: 'GET', path: '/signed-in' }));
      const redeemed = report.saw(await wire.next({ to: 'Fernhill ID', method: 'POST', path: '/token' }));
      report.check(state === stage.signInState, 'the state matches the state that this browser session sent');
      report.check(redeemed.status === 200, 'the application redeemed the code once, with the PKCE verifier');
      report.check(
        (callback.responseHeader('set-cookie') ?? '').includes('HttpOnly; SameSite=Lax'),
        'a new browser session starts: its cookie is HttpOnly and SameSite=Lax, and the token stays on the server',
      );
      report.check(stage.page.html.includes('Hello, Ana'), 'the page says “Hello, Ana”');
    },
  },
  {
    lane: 'user',
    title: 'asks for something that needs a resource',
    play: async (stage, report) => {
      const { browser, wire } = stage;
      await browser.submit(stage.page, { question: QUESTION }, `${stage.world.exampleApp}/`, '/ask');
      report.saw(await wire.next({ to: 'application', method: 'POST', path: '/ask' }), `“${QUESTION}”`);
      report.check(
        stage.page.html.includes('name="csrf_token"'),
        'the form contains a CSRF token of this browser session, so no other page can submit it',
      );
    },
  },
  {
    lane: 'application',
    title: "authorizes the request with the user's token",
    play: async (stage, report) => {
      const call = await stage.wire.next({
        to: 'gate',
        method: 'POST',
        path: /^\/runtimes\/.*\/invocations$/,
      });
      stage.gateCall = report.saw(call);
      const { identityProvider } = stage.world;
      const claims = decodeJwt(bearerToken(call));
      report.check(claims.iss === identityProvider.issuer, `iss        ${claims.iss ?? ''}`);
      report.check(claims.aud === identityProvider.audience, `aud        ${String(claims.aud)}`);
      report.check(claims.client_id === identityProvider.clientId, `client_id  ${String(claims.client_id)}`);
      report.check(String(claims.scope).includes('assistant'), `scope      ${String(claims.scope)}`);
      report.check((claims.exp ?? 0) * 1000 > Date.now(), `exp        ${minutesLeft(claims.exp)} from now`);
      stage.userToken = bearerToken(call);
    },
  },
  {
    lane: 'agent service',
    title: "requests the agent's access token",
    play: async (stage, report) => {
      const path = '/identities/GetWorkloadAccessTokenForJWT';
      const exchange = await stage.wire.next({ from: 'gate', to: 'identity', method: 'POST', path });
      report.saw(exchange, 'signed by role/gate');
      report.check(
        header(exchange, 'authorization').includes('/execute-api/aws4_request'),
        "AWS Signature Version 4, checked by the identity service's gateway",
      );
    },
  },
  {
    lane: 'identity',
    title: "validates the user's token and issues the agent's access token",
    play: async (stage, report) => {
      const entry = await stage.audit.next('GetWorkloadAccessTokenForJWT');
      const call = await stage.wire.next({ from: 'gate', to: 'agent', method: 'POST', path: '/invocations' });
      stage.agentCall = call;
      stage.workloadAccessToken = header(call, 'workloadaccesstoken');
      report.check(
        entry.outcome === 'allowed' && entry.principal?.endsWith(':role/gate') === true,
        'audit      allowed: the resource policy allows role/gate to get tokens for this workload identity',
      );
      const { endpoint } = stage.service;
      const keys = createRemoteJWKSet(new URL(`${endpoint}/.well-known/jwks.json`));
      const { payload, protectedHeader } = await jwtVerify(stage.workloadAccessToken, keys, {
        issuer: endpoint,
      });
      report.check(
        protectedHeader.alg === 'ES256',
        `${String(protectedHeader.typ)}, ES256, verified with the published keys`,
      );
      const { act } = payload as { act?: { name?: string } };
      report.check(act?.name === stage.world.agent.workloadName, `act.name   ${act?.name ?? ''} — the agent`);
      const user = decodeJwt(stage.userToken).sub ?? '';
      report.check(
        payload.sub === `${stage.world.identityProvider.issuer}#${user}`,
        `sub        ${payload.sub ?? ''} — the user that the agent acts for`,
      );
      report.check(
        (payload.exp ?? 0) <= (decodeJwt(stage.userToken).exp ?? 0),
        `exp        ${minutesLeft(payload.exp)} from now, not later than the user token`,
      );
      report.tell(`claims     ${list(Object.keys(payload))}`);
    },
  },
  {
    lane: 'agent service',
    title: 'invokes the agent',
    play: async (stage, report) => {
      const call = report.saw(stage.agentCall);
      const entry = await stage.audit.next('InvokeAgentRuntime');
      report.check(
        entry.outcome === 'allowed' && entry.user !== undefined,
        'audit      allowed: signature, expiry, issuer, audience, client, and scope of the user token',
      );
      report.check(
        DELIVERED.every((name) => header(call, name) !== ''),
        'with WorkloadAccessToken, OAuth2CallbackUrl, session ID, and request ID, which AWS SDKs read',
      );
      report.check(call.headers.authorization === undefined, 'without the user token');
    },
  },
];

const minutesLeft = (exp: number | undefined): string =>
  `${Math.round(((exp ?? 0) * 1000 - Date.now()) / 60_000)} minutes`;
