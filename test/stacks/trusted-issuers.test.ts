/** Whose user tokens are believed is checked when the stack is made, not when the first token comes. */
import { resourcesOf, synthesize } from './synthesis';

const discoveryUrl = 'https://login.example.com/.well-known/openid-configuration';

it('reaches the functions that verify users, and no other', () => {
  const { stateless } = synthesize({ trustedIssuers: [{ discoveryUrl, allowedAudience: ['app'] }] });
  const told = resourcesOf(stateless, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) => {
    const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
    return Variables.TRUSTED_ISSUERS === undefined ? [] : [[id.slice(0, -8), Variables.TRUSTED_ISSUERS]];
  });
  const json = JSON.stringify([{ discoveryUrl, allowedAudience: ['app'] }]);
  expect(told).toEqual([
    ['tokenexchange', json],
    ['credentialretrieval', json],
  ]);
});

it.each([
  ['an issuer for any audience', { discoveryUrl }, 'needs allowedAudience or allowedClients'],
  [
    'no metadata document',
    { discoveryUrl: 'https://login.example.com', allowedClients: ['c'] },
    'must end in',
  ],
  [
    'credentials in it',
    { discoveryUrl: discoveryUrl.replace('//', '//user:secret@'), allowedClients: ['c'] },
    'must not hold credentials',
  ],
  [
    'an issuer on the laptop',
    {
      discoveryUrl: 'http://127.0.0.1:4601/.well-known/openid-configuration',
      allowedClients: ['c'],
    },
    'must be https',
  ],
  [
    'plain http',
    { discoveryUrl: discoveryUrl.replace('https', 'http'), allowedClients: ['c'] },
    'must be https',
  ],
])('refuses %s', (_, issuer, message) => {
  expect(() => synthesize({ trustedIssuers: [issuer] })).toThrow(message);
});

it('takes one issuer several times, each time with other conditions', () => {
  const trustedIssuers = [
    { discoveryUrl, allowedAudience: ['app'] },
    { discoveryUrl, allowedAudience: ['other'], allowedClients: ['c'] },
  ];
  expect(() => synthesize({ trustedIssuers })).not.toThrow();
});
