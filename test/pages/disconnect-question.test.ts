/** The question before a disconnection says what else ends: by name, by number, or for other people. */
import type { DisconnectQuestion } from '../../lambda/domain/portal/disconnect-question';
import { renderDisconnectQuestion } from '../../lambda/pages/disconnection-pages';

const named = (displayName: string) => ({ name: displayName.toLowerCase(), displayName });

const QUESTION: DisconnectQuestion = {
  agent: named('Calendar assistant'),
  provider: named('Almanac'),
  revocation: 'provable',
  alsoLose: [],
  notShown: 0,
  keepsAccess: false,
  shared: false,
};

const FRAME = {
  portal: { portalId: 'portal-0123456789', name: 'Fernhill', signInProvider: 'Fernhill ID' },
  path: '/portals/portal-0123456789',
  person: { name: 'Ana', csrf: 'token' },
};

const textOf = (change: Partial<DisconnectQuestion>): string =>
  renderDisconnectQuestion(FRAME, 'key', { ...QUESTION, ...change })
    .html.replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

it('ends nothing else at most providers', () => {
  expect(textOf({})).not.toContain('This also ends the access of');
});

it('says if the agent keeps other access to the provider', () => {
  expect(textOf({})).toContain('Calendar assistant loses access to your Almanac account immediately.');
  expect(textOf({ keepsAccess: true })).toContain(
    'Calendar assistant loses this access to your Almanac account immediately. It might keep other access to the account.',
  );
});

it('says if the agent can return by a sign-in', () => {
  expect(textOf({})).not.toContain('with your sign-in');
  expect(textOf({ canReturn: true })).toContain('the agent can get access with your sign-in there');
});

it('names the agent and the provider also by their technical names', () => {
  expect(textOf({ provider: { name: 'google-work', displayName: 'Google' } })).toMatch(
    /Disconnect Google from Calendar assistant\? .* Calendar assistant calendar assistant Google google-work/,
  );
});

it.each<[Partial<DisconnectQuestion>, string]>([
  [
    { alsoLose: [{ agent: named('Trip planner'), provider: named('Almanac') }] },
    'Trip planner trip planner at Almanac almanac',
  ],
  [{ notShown: 1 }, '1 connection of yours that this page does not show'],
  [{ notShown: 3 }, '3 connections of yours that this page does not show'],
  [{ notShown: 3, notShownIsMinimum: true }, 'At least 3 connections of yours that this page does not show'],
  [{ notShownIsMinimum: true }, 'Perhaps other connections of yours that this page does not show'],
  [{ shared: true }, 'Other people who share this access at Almanac'],
])('with %j says: %s', (change, text) => {
  expect(textOf(change)).toMatch(new RegExp(`This also ends the access of .*${text}`));
});
