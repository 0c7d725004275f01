/** The faults find a secret in the log, and in a request to another server, in each encoding. */
import { randomBytes } from 'node:crypto';
import { ENCODINGS } from '../secrets/planted-encodings';
import { PresentedAssertions } from './presented-assertions';
import { Secrets } from './secrets';

const [SERVER, OTHER, THIRD] = ['https://server.example', 'https://other.example', 'https://third.example'];

const headerOf = (typ: string): string =>
  Buffer.from(JSON.stringify({ typ, alg: 'ES256' })).toString('base64url');

const newSecret = (): string => randomBytes(24).toString('base64url');

it.each(Object.entries(ENCODINGS))('a secret in the log is found %s', (_encoding, encode) => {
  const [secrets, secret] = [new Secrets(), newSecret()];
  secrets.add(newSecret());
  secrets.add(secret, SERVER);
  expect(() => {
    secrets.expectNone('the log', `{"reason":"no ${newSecret()}"}`);
  }).not.toThrow();
  expect(() => {
    secrets.expectNone('the log', `{"reason":"no ${encode(secret)}"}`);
  }).toThrow('the log contains 1 secrets');
});

it('each of many thousands of secrets is found', () => {
  const secrets = new Secrets();
  const all = Array.from({ length: 5001 }, newSecret);
  for (const secret of all) secrets.add(secret);
  expect(() => {
    secrets.expectNone('the log', `${all[0]} ${all.at(-1)}`);
  }).toThrow('the log contains 2 secrets');
});

describe.each(Object.entries(ENCODINGS))('a secret in a request %s', (_encoding, encode) => {
  it.each([
    ['the path', (text: string) => `/token?hint=${text} `],
    ['a header', (text: string) => `/token Basic ${text} `],
    ['the body', (text: string) => `/token  grant_type=refresh_token&refresh_token=${text}`],
  ])('is found in %s, if the server must not have it', (_where, requestWith) => {
    const [secrets, secret] = [new Secrets(), newSecret()];
    secrets.observe({
      origin: SERVER,
      request: '/token',
      response: JSON.stringify({ refresh_token: secret }),
    });
    const request = requestWith(encode(secret));
    secrets.observe({ origin: SERVER, request, response: '{}' });
    expect(() => secrets.expectDirected()).not.toThrow();
    secrets.observe({ origin: OTHER, request, response: '{}' });
    expect(() => secrets.expectDirected()).toThrow(`${OTHER} received a secret`);
  });
});

it.each([
  ['not found in a request to its audience', OTHER, undefined],
  ['found in a request to the server that issued it', SERVER, `${SERVER} received a secret`],
  ['found in a request to another server', THIRD, `${THIRD} received a secret`],
])('an identity assertion is %s', (_result, origin, message) => {
  const secrets = new Secrets();
  const token = `${headerOf('oauth-id-jag+jwt')}.e30.${newSecret()}`;
  const request = `/token  ${new URLSearchParams({ scope: 'a', audience: `${OTHER}/realm` }).toString()}`;
  secrets.observe({ origin: SERVER, request, response: JSON.stringify({ access_token: token }) });
  secrets.observe({ origin, request: `/token Basic YTpi assertion=${token}`, response: '{}' });
  if (message === undefined) expect(() => secrets.expectDirected()).not.toThrow();
  else expect(() => secrets.expectDirected()).toThrow(message);
});

it('an identity assertion that is presented twice is found, and a user token is not', () => {
  const presented = new PresentedAssertions();
  const present = (typ: string) => presented.observe(`assertion=${headerOf(typ)}.e30.AAAA`);
  for (const typ of ['JWT', 'JWT', 'oauth-id-jag+jwt']) present(typ);
  expect(() => presented.expectOnce()).not.toThrow();
  present('oauth-id-jag+jwt');
  expect(() => presented.expectOnce()).toThrow('an identity assertion was presented twice');
});

it('a client secret that is in use is found after many tokens', () => {
  const [secrets, secret] = [new Secrets(100), newSecret()];
  secrets.add(secret, SERVER);
  const request = `/token Basic ${Buffer.from(`client:${secret}`).toString('base64')}`;
  for (let token = 0; token < 400; token += 1) {
    secrets.add(newSecret(), SERVER);
    if (token % 50 === 0) secrets.observe({ origin: SERVER, request, response: '{}' });
  }
  secrets.observe({ origin: OTHER, request, response: '{}' });
  expect(() => secrets.expectDirected()).toThrow(`${OTHER} received a secret`);
});
