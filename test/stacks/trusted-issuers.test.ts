/** Trusted issuers are validated at synthesis, before the first token arrives. */
import { resourcesOf, synthesize } from './synthesis';

const discoveryUrl = 'https://login.example.com/.well-known/openid-configuration';

it('only the functions that verify users or their security events get the trusted issuers', () => {
  const { stateless } = synthesize({ trustedIssuers: [{ discoveryUrl, allowedAudience: ['app'] }] });
  const configured = resourcesOf(stateless, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) => {
    const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
    return Variables.TRUSTED_ISSUERS === undefined ? [] : [[id.slice(0, -8), Variables.TRUSTED_ISSUERS]];
  });
  const json = JSON.stringify([{ discoveryUrl, allowedAudience: ['app'] }]);
  expect(configured).toEqual([
    ['connections', json],
    ['eventpoll', json],
    ['tokenexchange', json],
    ['credentialretrieval', json],
    ['securityevents', json],
  ]);
});

it.each([
  ['an issuer for any audience', { discoveryUrl }, 'needs allowedAudience or allowedClients'],
  [
    'an issuer without a metadata document',
    { discoveryUrl: 'https://login.example.com', allowedClients: ['c'] },
    'must end in',
  ],
  [
    'credentials in the URL',
    { discoveryUrl: discoveryUrl.replace('//', '//user:secret@'), allowedClients: ['c'] },
    'must not contain credentials',
  ],
  [
    'a loopback issuer',
    {
      discoveryUrl: 'http://127.0.0.1:4601/.well-known/openid-configuration',
      allowedClients: ['c'],
    },
    / must be an https URL$/,
  ],
  [
    'a poll endpoint without TLS',
    {
      discoveryUrl,
      allowedClients: ['c'],
      securityEvents: {
        id: 'people',
        transmitter: {
          ...{ issuer: 'https://id.example.com', jwksUri: 'https://id.example.com/keys', audience: ['us'] },
          poll: {
            endpoint: 'http://id.example.com/poll',
            authorization: { secretId: 'stream', jsonKey: 'token' },
          },
        },
      },
    },
    / must be an https URL$/,
  ],
  [
    'plain http',
    { discoveryUrl: discoveryUrl.replace('https', 'http'), allowedClients: ['c'] },
    / must be an https URL$/,
  ],
])('synthesis rejects %s', (_, issuer, message) => {
  expect(() => synthesize({ trustedIssuers: [issuer] })).toThrow(message);
  expect(() => synthesize({ trustedIssuers: [issuer] })).toThrow(
    /^AgentIdentityStateless: trustedIssuers\[0\]/,
  );
});

it('one issuer can be in the list several times with different conditions', () => {
  const trustedIssuers = [
    { discoveryUrl, allowedAudience: ['app'] },
    { discoveryUrl, allowedAudience: ['other'], allowedClients: ['c'] },
  ];
  expect(() => synthesize({ trustedIssuers })).not.toThrow();
});
