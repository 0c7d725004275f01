/** Trusted issuers are validated at synthesis, before the first token arrives. */
import { Fn, Lazy } from 'aws-cdk-lib';
import type { DeployedIssuer } from '../../lib';
import { createAuthority } from '../flows/support/certificates';
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
    ['tokenexchange', json],
    ['credentialretrieval', json],
    ['securityevents', json],
  ]);
});

it.each([
  ['an issuer for any audience', { discoveryUrl }, 'needs allowedAudience or allowedClients'],
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
])('synthesis rejects %s', (_, issuer, message) => {
  expect(() => synthesize({ trustedIssuers: [issuer] })).toThrow(message);
  expect(() => synthesize({ trustedIssuers: [issuer] })).toThrow(
    /^AgentIdentityStateless: trustedIssuers\[0\]/,
  );
});

it('the certificates of a private authority are in a layer, because they do not fit into the environment', () => {
  const caCertificates = createAuthority().cert + createAuthority().cert;
  const trustedIssuers = [{ discoveryUrl, allowedAudience: ['app'], caCertificates }];
  const { stateless } = synthesize({ trustedIssuers });
  expect(resourcesOf(stateless, 'AWS::Lambda::LayerVersion')).toHaveLength(1);
});

describe('a value that is known only at deployment', () => {
  const issuer = { discoveryUrl, allowedAudience: ['app'] };
  const text = Fn.importValue('value');
  const list = Fn.split(',', text);
  const claim = (matchValueString: string) => ({
    inboundTokenClaimName: 'team',
    inboundTokenClaimValueType: 'STRING' as const,
    authorizingClaimMatchValue: {
      claimMatchOperator: 'EQUALS' as const,
      claimMatchValue: { matchValueString },
    },
  });

  it.each<[string, Partial<DeployedIssuer>, string]>([
    ['a list', { allowedAudience: list }, 'allowedAudience'],
    ['a list in a list', { allowedClients: ['app', ...list] }, 'allowedClients[1]'],
    ['an object', { securityEvents: Lazy.any({ produce: () => ({}) }) as never }, 'securityEvents'],
    ['the whole address of an issuer', { discoveryUrl: text }, 'discoveryUrl'],
    ['the certificates', { caCertificates: text }, 'caCertificates'],
    ['an identifier', { securityEvents: { id: text } }, 'securityEvents.id'],
  ])('is rejected as %s', (_what, members, name) => {
    expect(() => synthesize({ trustedIssuers: [{ ...issuer, ...members }] })).toThrow(
      `AgentIdentityStateless: trustedIssuers[0].${name} must be known when the stack is synthesized`,
    );
  });

  it('is rejected as the whole list', () => {
    expect(() => synthesize({ trustedIssuers: Lazy.any({ produce: () => [issuer] }) as never })).toThrow(
      'AgentIdentityStateless: trustedIssuers must be known when the stack is synthesized',
    );
  });

  it('can be a text of a list, and a part of an address', () => {
    const trustedIssuers = [
      {
        discoveryUrl: `https://login.example.com/${text}/.well-known/openid-configuration`,
        allowedAudience: ['app', text],
      },
    ];
    const { stateless } = synthesize({ trustedIssuers });
    expect(JSON.stringify(resourcesOf(stateless, 'AWS::Lambda::Function'))).toContain(
      '{"Fn::ImportValue":"value"}',
    );
  });

  it('does not hide another fault', () => {
    const trustedIssuers = [{ discoveryUrl, allowedScopes: [text], customClaims: [claim('a b')] }];
    expect(() => synthesize({ trustedIssuers })).toThrow(/customClaims\[0\].*must contain only letters/);
  });
});
