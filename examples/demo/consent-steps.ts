/** Steps 8 to 14: from the agent's request to the encrypted grant, through the user's consent. */
import { ALMANAC_ACCOUNTS } from '../local/accounts';
import { completeAsSender } from './other-hands';
import { list, type Stage } from './stage';
import type { Step } from './step';

const TOKEN_PATH = '/identities/oauth2/token';

export const consentSteps: readonly Step<Stage>[] = [
  {
    lane: 'agent',
    title: 'requests a resource access token',
    play: async ({ wire, workloadAccessToken }, report) => {
      const exchange = await wire.next({ from: 'agent', to: 'identity', method: 'POST', path: TOKEN_PATH });
      report.saw(exchange, 'signed by role/agent');
      report.check(
        workloadAccessToken !== '',
        'with the workload access token, which is useless without the signature of that role',
      );
    },
  },
  {
    lane: 'identity',
    title: 'requests user authentication with the resource',
    play: async ({ audit }, report) => {
      const entry = await audit.next('GetResourceOauth2Token');
      report.check(
        entry.outcome === 'allowed' && entry.result === 'consent-required',
        `audit      ${entry.outcome}: ${entry.result ?? ''}, scopes ${list(entry.scopes ?? [])}`,
      );
      report.check(
        entry.user !== undefined,
        `user       ${entry.user ?? ''} — a hash, both here and in every storage key`,
      );
    },
  },
  {
    lane: 'agent service',
    title: "returns the resource's authentication URL",
    play: async (stage, report) => {
      const { browser, wire, world, gateCall, agentCall } = stage;
      stage.page = await browser.go(`${world.exampleApp}/`);
      report.saw(
        await wire.next({ to: 'application', method: 'GET', path: '/' }),
        'the page shows each agent event as it arrives',
      );
      report.check(
        stage.page.html.includes('Continue to Almanac'),
        'the page asks: “Can the assistant read your calendar?”',
      );
      report.check(
        !gateCall.answered && !agentCall.answered,
        'the gate and the agent keep the stream of server-sent events open; the agent waits for its user',
      );
    },
  },
  {
    lane: 'application',
    title: "redirects to the resource's authentication URL",
    play: async (stage, report) => {
      const { browser, wire, world, service } = stage;
      const link = /<a class="button" href="(?<link>[^"]*)"/.exec(stage.page.html)?.groups?.link ?? '';
      report.check(
        new URL(link).origin === new URL(service.endpoint).origin,
        'the link leads to the identity service',
      );
      stage.sessionUri = new URL(link).searchParams.get('request_uri') ?? '';
      stage.page = await browser.go(link);

      const authorize = report.saw(
        await wire.next({ to: 'identity', method: 'GET', path: '/identities/oauth2/authorize' }),
      );
      const pushed = report.saw(await wire.next({ to: 'Almanac', method: 'POST', path: '/request' }));
      const sent = report.saw(await wire.next({ to: 'Almanac', method: 'GET', path: '/auth' }));
      report.check(
        pushed.status === 201,
        'the service pushes state, scope, and PKCE challenge to Almanac (RFC 9126)',
      );
      report.check(
        [...sent.query.keys()].sort().join() === 'client_id,request_uri',
        'the browser carries only client_id and request_uri',
      );
      report.check(
        (authorize.responseHeader('set-cookie') ?? '').includes('HttpOnly'),
        'a cookie binds the consent to this browser',
      );
      report.check(
        stage.page.url.startsWith(world.calendar.issuer),
        'the browser is at Almanac, another company',
      );
    },
  },
  {
    lane: 'user',
    title: 'authenticates with the third-party resource',
    play: async (stage, report) => {
      const { browser, wire } = stage;
      const [account] = ALMANAC_ACCOUNTS;
      const credentials = { username: account?.username ?? '', password: account?.password ?? '' };
      stage.page = await browser.submit(stage.page, credentials);
      report.saw(await wire.next({ to: 'Almanac', method: 'POST', path: /\/sign-in$/ }));
      report.check(
        stage.page.html.includes('See your calendar') && !stage.page.html.includes('Change your calendar'),
        'Almanac asks only for “See your calendar”',
      );
    },
  },
  {
    lane: 'third-party resource',
    title: 'validates the credentials and issues a resource access token',
    play: async (stage, report) => {
      const { browser, wire, audit, world } = stage;
      const returnUrl = world.agent.returnUrl;
      stage.page = await browser.submit(stage.page, { decision: 'allow' }, returnUrl);
      const back = new URL(stage.page.url).searchParams;
      const complete = '/identities/CompleteResourceTokenAuth';
      const sender = await completeAsSender(stage);
      await wire.next({ to: 'identity', method: 'POST', path: complete });
      await browser.step(stage.page.url);

      report.saw(await wire.next({ to: 'Almanac', method: 'POST', path: /\/consent$/ }));
      report.saw(await wire.next({ to: 'identity', method: 'GET', path: /\/oauth2\/callback\// }));
      report.saw(await wire.next({ to: 'application', method: 'GET', path: new URL(returnUrl).pathname }));
      report.saw(await wire.next({ from: 'application', to: 'identity', method: 'POST', path: complete }));
      const redeemed = report.saw(await wire.next({ to: 'Almanac', method: 'POST', path: '/token' }));

      const callback = await audit.next('Callback');
      report.check(
        callback.result === 'CONSENTED',
        'callback: state, cookie, and iss match; the code is encrypted and stored',
      );
      report.check(
        back.get('session_id') !== stage.sessionUri && sender.status === 403,
        `only this browser gets the session_id; the ID in the link completes nothing: ${sender.status}`,
      );
      report.check(
        back.has('session_id') && back.has('state'),
        'the application recognizes its state and names the user who came back: the same user',
      );
      report.check(redeemed.status === 200, 'the service redeems the code only now, with the PKCE verifier');
    },
  },
  {
    lane: 'identity',
    title: 'stores and returns the resource access token',
    play: async ({ wire, audit }, report) => {
      const stored = await audit.next('CompleteResourceTokenAuth', 'COMPLETED');
      report.check(
        stored.result === 'COMPLETED',
        'audit      allowed: COMPLETED; encrypted for this pair of agent and user',
      );
      const returned = await audit.next('GetResourceOauth2Token', 'cached');
      const poll = await wire.next({ from: 'agent', to: 'identity', method: 'POST', path: TOKEN_PATH });
      report.saw(poll, 'the agent repeats its request');
      report.check(returned.outcome === 'allowed', 'audit      allowed: from the vault');
    },
  },
];
