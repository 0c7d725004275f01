/** `withAccessToken`: a tool gets its token from the vault, or waits for the user's consent. */
import { inspect } from 'node:util';
import {
  AccessTokenRejectedError,
  ConfigurationError,
  ConsentFailedError,
  ConsentRequiredError,
  ConsentTimeoutError,
  getAccessToken,
  ReplacementTokenRejectedError,
  withAccessToken,
  workloadAccessTokens,
  type AccessTokenCredential,
  type AccessTokenOptions,
} from '../../../lib/client/index';
import { Browser } from '../support/browser';
import { declineConsent } from '../support/provider';
import { World } from '../support/world';
import { federated, ScriptedClock } from './agent-code';

const world = World.ofFile();

/** An agent whose tools one user calls. */
async function agentOf(userId: string) {
  const agent = await world.agent();
  const usual = federated(world, agent);
  const { identity } = usual;
  const workloadIdentityToken = workloadAccessTokens(identity, { workloadName: agent.name, userId });
  const links: string[] = [];
  const options = {
    ...usual,
    workloadIdentityToken,
    onAuthUrl: (link: string) => {
      links.push(link);
    },
  };
  const open = () => agent.consent(links.at(-1), userId);
  const complete = async (back: URL) => {
    await agent.complete(back, { userId });
  };
  return { agent, options, links, open, complete, consent: async () => complete(await open()) };
}

const issued = (): unknown => world.provider.exchanges.at(-1)?.answer.access_token;

it('names the option if a consent requires a return URL, and reads a stored token without one', async () => {
  const { agent, options } = await agentOf('gus');
  const without = { ...options, callbackUrl: undefined };
  const failure: unknown = await getAccessToken(without).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigurationError);
  expect(failure).toMatchObject({ message: expect.stringContaining('Pass `callbackUrl`') as string });
  await agent.connect('gus');
  expect(await getAccessToken(without)).toBe(issued());
});

it('names the option too if the agent has no return URL, and not if the option is set', async () => {
  const agent = await world.agent('agent', []);
  const usual = federated(world, agent);
  const workloadIdentityToken = workloadAccessTokens(usual.identity, {
    workloadName: agent.name,
    userId: 'gus',
  });
  const options = { ...usual, workloadIdentityToken };
  const failureOf = (callbackUrl: string | undefined) =>
    getAccessToken({ ...options, callbackUrl }).catch((error: unknown) => error);
  expect(await failureOf(undefined)).toBeInstanceOf(ConfigurationError);
  expect(await failureOf('http://127.0.0.1:9/not-registered')).toMatchObject({ name: 'ValidationException' });
});

it('waits for the consent, and then gets the token from the vault', async () => {
  const { options, links, open, complete } = await agentOf('ana');
  let back = new URL('http://127.0.0.1');
  const clock = new ScriptedClock([
    () => undefined,
    async () => {
      back = await open();
    },
    () => complete(back),
  ]);
  const tool = withAccessToken({ ...options, clock })(({ accessToken }, day: string, hours: number) => ({
    day,
    hours,
    accessToken,
  }));
  expect(await tool('today', 8)).toEqual({ day: 'today', hours: 8, accessToken: issued() });
  expect(links).toHaveLength(1);
  expect(clock.pauses).toEqual([1000, 1500, 2250]);
  expect((await tool('tomorrow', 1)).accessToken).toBe(issued());
  expect(clock.pauses).toHaveLength(3);
  expect(links).toHaveLength(1);
});

it('computes its options from the arguments of the call', async () => {
  const { options, consent, links } = await agentOf('ben');
  const clock = new ScriptedClock([consent]);
  const tool = withAccessToken((request: { state: string }) => ({
    ...options,
    customState: request.state,
    clock,
  }))(({ accessToken }, request: { state: string }, question: string) => [
    request.state,
    question,
    accessToken,
  ]);
  expect(await tool({ state: 'mine' }, 'what?')).toEqual(['mine', 'what?', issued()]);
  expect(links).toHaveLength(1);
});

it('fails immediately without a link handler, with an error that does not log the link', async () => {
  const { options, agent, links } = await agentOf('cleo');
  const { onAuthUrl, ...alone } = options;
  const failure: unknown = await getAccessToken(alone).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConsentRequiredError);
  const { authorizationUrl, sessionUri } = failure as ConsentRequiredError;
  expect(`${String(failure)} ${JSON.stringify(failure)} ${inspect(failure)}`).not.toContain(sessionUri);
  onAuthUrl(authorizationUrl);
  const back = await agent.consent(links[0], 'cleo');
  await agent.complete(back, { userId: 'cleo' });
  expect(await getAccessToken(alone)).toBe(issued());
});

/** The result of waiting for a consent during the given event. */
async function failureOf(options: AccessTokenOptions, happening: () => unknown): Promise<unknown> {
  const clock = new ScriptedClock([happening]);
  const failure: unknown = await getAccessToken({ ...options, clock }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConsentFailedError);
  expect(clock.pauses).toHaveLength(1);
  return failure;
}

it('stops waiting when the user declines', async () => {
  const { options, links } = await agentOf('dora');
  const decline = async () => {
    const page = await declineConsent(new Browser(), links[0] ?? '', 'http://127.0.0.1:9/');
    expect(page.html).toContain('access_denied');
  };
  expect(await failureOf(options, decline)).toMatchObject({
    providerError: 'access_denied',
    message: `The user or the credential provider "${options.providerName}" denied access. If the user wants to grant access, call the tool again for a new authorization URL.`,
  });
});

it('fails with the error code of a provider that rejects the request, and does not suggest a new link', async () => {
  const { options, links } = await agentOf('don');
  // No user is signed in at the provider, and it must show no page.
  const rejected = { ...options, customParameters: { prompt: 'none' } };
  const failure = await failureOf(rejected, () => new Browser().go(links[0] ?? ''));
  expect(failure).toMatchObject({
    providerError: 'login_required',
    message: `The credential provider "${options.providerName}" rejected the authorization: login_required. Correct the provider or the request before you call the tool again.`,
  });
});

it('fails with an error code of the service if the application names another user, and suggests a new link', async () => {
  const { agent, options, open } = await agentOf('dan');
  const failure = await failureOf(options, async () => {
    const refused = agent.complete(await open(), { userId: 'mallory' });
    await expect(refused).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
  expect(failure).toMatchObject({
    providerError: 'not_completed',
    message: `The authorization for "${options.providerName}" was not completed: not_completed. Call the tool again for a new authorization URL.`,
  });
});

it('fails without an error code when another call has forced authentication', async () => {
  const { agent, options } = await agentOf('dea');
  await agent.connect('dea');
  const forced = { ...options, forceAuthentication: true };
  const failure = await failureOf(forced, () =>
    expect(getAccessToken({ ...forced, onAuthUrl: undefined })).rejects.toBeInstanceOf(ConsentRequiredError),
  );
  expect(failure).toMatchObject({
    providerError: undefined,
    message: `The authorization URL for "${options.providerName}" is no longer valid. Call the tool again for a new URL.`,
  });
});

it.each(['server_error', 'temporarily_unavailable', 'invalid_grant', 'unreachable'])(
  'suggests a new link after the temporary error %s',
  (code) => {
    expect(new ConsentFailedError('calendar', code).message).toBe(
      `The authorization for "calendar" was not completed: ${code}. Call the tool again for a new authorization URL.`,
    );
  },
);

it('polls at increasing intervals of up to 5 seconds, and stops at the deadline; the link stays valid', async () => {
  const { options, links, consent } = await agentOf('eve');
  const clock = new ScriptedClock();
  await expect(getAccessToken({ ...options, consentTimeout: 30, clock })).rejects.toBeInstanceOf(
    ConsentTimeoutError,
  );
  expect(clock.pauses).toEqual([1000, 1500, 2250, 3375, 5000, 5000, 5000, 5000, 1875]);
  expect(clock.now()).toBe(30_000);
  expect(await getAccessToken({ ...options, clock: new ScriptedClock([consent]) })).toBe(issued());
  expect(new Set(links).size).toBe(1);
});

it.each([0, -1, NaN])('rejects a consentTimeout of %d before a request', async (consentTimeout) => {
  const { options, links } = await agentOf('hal');
  await expect(getAccessToken({ ...options, consentTimeout })).rejects.toThrow(
    '`consentTimeout` of getAccessToken must be more than 0 seconds',
  );
  expect(links).toEqual([]);
});

describe('a canceled wait', () => {
  const reason = new Error('the user closed the chat');

  it('sends no request if it was canceled before it began', async () => {
    const { options, links } = await agentOf('fay');
    await expect(getAccessToken({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(links).toHaveLength(0);
  });

  it('ends immediately during the wait', async () => {
    const { options } = await agentOf('gus');
    const caller = new AbortController();
    // With the system clock, only the signal can end this wait.
    const waiting = getAccessToken({
      ...options,
      signal: caller.signal,
      onAuthUrl: () => {
        setImmediate(() => {
          caller.abort(reason);
        });
      },
    });
    await expect(waiting).rejects.toBe(reason);
  });

  it('ends immediately while the link is being delivered', async () => {
    const { options } = await agentOf('hal');
    const caller = new AbortController();
    const onAuthUrl = () => {
      caller.abort(reason);
      return new Promise<void>(() => undefined);
    };
    await expect(getAccessToken({ ...options, signal: caller.signal, onAuthUrl })).rejects.toBe(reason);
  });
});

it('forces authentication once for each call, and never returns the previous token', async () => {
  const { agent, options, links, consent } = await agentOf('ida');
  const old = await agent.connect('ida');
  const forced = () =>
    getAccessToken({
      ...options,
      forceAuthentication: true,
      clock: new ScriptedClock([() => undefined, () => undefined, consent]),
    });
  const first = await forced();
  const second = await forced();
  expect(new Set([old, first, second]).size).toBe(3);
  expect(new Set(links).size).toBe(2);
  const { forceAuthentication, ...plain } = { ...options, forceAuthentication: false };
  expect(await getAccessToken({ ...plain, forceAuthentication })).toBe(second);
});

it('keeps waiting after a temporary error', async () => {
  const { options, consent } = await agentOf('jon');
  let faults = 0;
  let broken = false;
  const { identity } = options;
  identity.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (broken) {
        faults += 1;
        Object.assign(result.response as object, { statusCode: 502 });
      }
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  const clock = new ScriptedClock([
    () => {
      broken = true;
    },
    async () => {
      broken = false;
      await consent();
    },
  ]);
  expect(await getAccessToken({ ...options, clock })).toBe(issued());
  expect(faults).toBeGreaterThan(0);
});

it('throws errors of the service unchanged', async () => {
  const { options, links } = await agentOf('kim');
  const callbackUrl = 'http://127.0.0.1:9/not-registered';
  await expect(getAccessToken({ ...options, callbackUrl })).rejects.toMatchObject({
    name: 'ValidationException',
    reason: 'FieldValidationFailed',
  });
  expect(links).toHaveLength(0);
});

describe('a token that the resource rejects', () => {
  /** A tool whose resource rejects these tokens. */
  const refusing =
    (refused: Set<string>) =>
    ({ accessToken }: AccessTokenCredential): string => {
      if (refused.has(accessToken)) throw new AccessTokenRejectedError();
      return accessToken;
    };

  it('is reported, and the tool is called once more with a new token', async () => {
    const { options } = await agentOf('machine');
    const own = { ...options, authFlow: 'M2M' as const, scopes: ['a'] };
    const first = await getAccessToken(own);
    const before = world.provider.exchanges.length;
    const second = await withAccessToken(own)(refusing(new Set([first])))();
    expect(second).toBe(issued());
    expect(second).not.toBe(first);
    expect(world.provider.exchanges).toHaveLength(before + 1);
    expect((await world.audit()).at(-1)).toMatchObject({ operation: 'RejectResourceOauth2Token' });
    expect(await getAccessToken(own)).toBe(second);
  });

  it('causes an error after the second rejection, which an outer tool does not mistake for a rejection of the token that it has', async () => {
    const { options } = await agentOf('machine');
    const own = { ...options, authFlow: 'M2M' as const, scopes: ['a'] };
    const calls: string[] = [];
    const inner = withAccessToken(own)(({ accessToken }) => {
      calls.push(accessToken);
      throw new AccessTokenRejectedError();
    });
    const outer = withAccessToken({ ...own, scopes: ['b'] })(({ accessToken }) => {
      calls.push(accessToken);
      return inner();
    });
    const failure: unknown = await outer().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ReplacementTokenRejectedError);
    expect(failure).toMatchObject({ cause: expect.any(AccessTokenRejectedError) as unknown });
    // One token of the outer tool and two of the inner tool.
    expect(new Set(calls).size).toBe(3);
    expect(calls).toHaveLength(3);
  });

  it('requires consent again if it cannot be renewed', async () => {
    const { agent, options, consent, links } = await agentOf('lou');
    const first = await agent.connect('lou');
    const again = { ...options, clock: new ScriptedClock([consent]) };
    const second = await withAccessToken(again)(refusing(new Set([first])))();
    expect(second).toBe(issued());
    expect(second).not.toBe(first);
    expect(links).toHaveLength(1);
  });

  it('is not reported when the tool fails for another reason', async () => {
    const { options } = await agentOf('machine');
    const failure = new Error('the calendar is full');
    let calls = 0;
    const tool = withAccessToken({ ...options, authFlow: 'M2M', scopes: ['a'] })(() => {
      calls += 1;
      return Promise.reject(failure);
    });
    await expect(tool()).rejects.toBe(failure);
    expect(calls).toBe(1);
  });
});
