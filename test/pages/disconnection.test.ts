/** What the page after a disconnection of all accounts says, and what the page of the agents says of those that are hidden. */
import { renderView } from '../../lambda/pages/view-page';
import type { Disconnection } from '../../lambda/domain/portal/disconnection';
import { renderDisconnection } from '../../lambda/pages/disconnection-pages';

const named = (displayName: string) => ({ name: displayName.toLowerCase(), displayName });

const FRAME = {
  portal: { portalId: 'portal-0123456789', name: 'Fernhill', signInProvider: 'Fernhill ID' },
  path: '/portals/portal-0123456789',
  person: { name: 'Ana', csrf: 'token' },
};

const textOf = ({ html }: { readonly html: string }): string =>
  html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

describe('the disconnection of all accounts', () => {
  const ofAll = (change: Partial<Extract<Disconnection, { unproven: unknown }>>) =>
    textOf(
      renderDisconnection(FRAME, 'id', {
        agent: named('Calendar assistant'),
        status: 'DONE',
        unproven: [],
        accounts: 1,
        hasAccess: false,
        ...change,
      }),
    );

  it('says that the agent still has access, as long as it can', () => {
    const text = ofAll({ status: 'SELECTING' });
    expect(text).toContain('Calendar assistant is losing access to your accounts');
    expect(text).toContain('Until it has, the agent can use it. Check again in a moment.');
    expect(text).not.toContain('no longer');
  });

  it('says that the providers are being asked', () => {
    const text = ofAll({ status: 'IN_PROGRESS' });
    expect(text).toContain('no longer has access to your accounts');
    expect(text).toMatch(/asking the providers .* Check again/);
    expect(text).toContain('the agent can get access with your sign-in there');
  });

  it.each<object>([{}, { status: 'IN_PROGRESS' }, { accounts: 0 }, { unproven: [named('Almanac')] }])(
    'does not say that the agent has no access, if it can have got access since then: %j',
    (change) => {
      const text = ofAll({ ...change, hasAccess: true });
      expect(text).toContain('Calendar assistant might have access to your accounts again');
      expect(text).toContain('To see and end access that it got since then, go back to your agents.');
      expect(text).not.toContain('no longer');
    },
  );

  it('names the providers that gave no proof', () => {
    const text = ofAll({ unproven: [named('Almanac'), named('Ledger')] });
    expect(text).toMatch(
      /These providers gave no proof .* Almanac almanac Ledger ledger Calendar assistant /,
    );
    expect(text).not.toContain('Check again');
  });

  it('says that there can be others, if there are too many, and does not end', () => {
    const text = ofAll({ isPartial: true });
    expect(text).toContain('Perhaps others: there are too many accounts for this page');
    expect(text).toContain('Check again');
  });

  it('says that a token can work until it expires, if a provider does not end it', () => {
    const text = ofAll({ accessTokensLive: true });
    expect(text).toContain('too. A token that the agent already has might work there until it expires.');
  });

  it('says that each provider confirmed the end, and what a disconnection does not prevent', () => {
    const text = ofAll({});
    expect(text).toContain('Each provider confirmed that the access ended there, too.');
    expect(text).toContain('the agent can get access with your sign-in there');
  });

  it('does not report a success, if there was nothing to end', () => {
    const text = ofAll({ accounts: 0 });
    expect(text).toContain('that disconnection might still be in progress at the providers');
    expect(text).toContain('the agent can get access with your sign-in there');
    expect(text).not.toContain('confirmed');
  });

  it('has no name for an agent that the portal does not show any more', () => {
    const page = renderDisconnection(FRAME, 'id', {
      status: 'DONE',
      unproven: [],
      accounts: 1,
      hasAccess: false,
    });
    expect(textOf(page)).toContain('The agent no longer has access to your accounts');
  });
});

describe('the disconnection of one account', () => {
  const ENDED: Extract<Disconnection, { provider: unknown }> = {
    agent: named('Calendar assistant'),
    provider: named('Almanac'),
    status: 'DONE',
    state: 'CONFIRMED',
    hasAccess: false,
  };
  const ofOne = (change: Partial<typeof ENDED>) =>
    textOf(renderDisconnection(FRAME, 'id', { ...ENDED, ...change }));

  it('says that the agent still has access, as long as it can', () => {
    const text = ofOne({ status: 'SELECTING', state: 'PENDING' });
    expect(text).toContain('Calendar assistant is losing access to Almanac');
  });

  it('says that nothing is left to do, if nothing is', () => {
    const text = ofOne({});
    expect(text).toContain('Calendar assistant no longer has access to Almanac');
    expect(text).toContain('confirmed that the access ended there, too. There is nothing more to do.');
  });

  it('says that the agent has other access, and where it ends', () => {
    const text = ofOne({ hasAccess: true });
    expect(text).toContain('Calendar assistant no longer has this access to Almanac');
    expect(text).toContain(
      'The agent might have other access to Almanac. To see and end it, go back to your agents.',
    );
    expect(text).not.toContain('nothing more to do');
  });

  it.each<Partial<typeof ENDED>>([
    {},
    { state: 'NOT_PROVABLE' },
    { state: 'UNCONFIRMED' },
    { status: 'IN_PROGRESS', state: 'PENDING' },
  ])('says that the agent can return by a sign-in: %j', (change) => {
    const text = ofOne({ ...change, canReturn: true });
    expect(text).toContain('the agent can get access with your sign-in there');
    expect(text).not.toContain('nothing more to do');
  });

  it('names the agent and the provider also by their technical names, if they differ', () => {
    const text = ofOne({ provider: { name: 'google-work', displayName: 'Google' } });
    expect(text).toContain('Calendar assistant calendar assistant Google google-work');
    expect(ofOne({ provider: { name: 'google', displayName: 'google' } })).not.toContain('google google');
  });

  it('says that a token can work until it expires', () => {
    const text = ofOne({ accessTokensLive: true });
    expect(text).toContain('too. A token that the agent already has might work there until it expires.');
    expect(text).not.toContain('nothing more to do');
  });
});

it.each([
  [undefined, undefined],
  [1, '1 other agent of this portal can have access to accounts of yours'],
  [3, '3 other agents of this portal can have access to accounts of yours'],
])('with %s hidden agents, the page of the agents says: %s', (hiddenAgents, note) => {
  const view = { agents: [], isContinued: false, ...(hiddenAgents !== undefined && { hiddenAgents }) };
  const text = textOf(renderView(FRAME, view));
  if (note === undefined) expect(text).not.toContain('can have access to accounts of yours');
  else expect(text).toContain(note);
});
