/** The entries in docs/identity-provider.md accept the tokens that each identity provider documents, and no others. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { issuerOf, withoutTrailingSlash } from '../../lambda/model/discovery-url';
import { claimsRejection } from '../../lambda/domain/identity/token-admission';
import { parseTrustedIssuers, type TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';

const ROOT = join(__dirname, '../..');
const DOCUMENT = readFileSync(join(ROOT, 'docs/identity-provider.md'), 'utf8');

function entryOf(provider: string): TrustedIssuer {
  const [, section = ''] = DOCUMENT.split(`\n### ${provider}\n`);
  const [, json = ''] = /^```json\n(.*?)^```/ms.exec(section) ?? [];
  const [entry] = parseTrustedIssuers(`[${json}]`);
  if (entry === undefined) throw new Error(`${provider} has no entry`);
  return entry;
}

interface Sample {
  readonly provider: string;
  /** Claims of an access token that the entry is for. */
  readonly claims: { readonly iss: string } & Record<string, unknown>;
  /** Claims that tokens for others have, each with the reason for the audit log. */
  readonly others: readonly (readonly [object, string])[];
}

const SAMPLES: readonly Sample[] = [
  {
    provider: 'Keycloak',
    claims: { iss: 'https://KEYCLOAK_HOST/realms/REALM', sub: 'u', aud: 'account', azp: 'CLIENT_ID' },
    others: [[{ azp: 'another' }, 'client not allowed']],
  },
  {
    provider: 'Microsoft Entra ID',
    claims: {
      iss: 'https://login.microsoftonline.com/TENANT_ID/v2.0',
      aud: 'API_CLIENT_ID',
      azp: 'APPLICATION_CLIENT_ID',
      scp: 'agents.use',
      ver: '2.0',
    },
    others: [
      [{ aud: '00000003-0000-0000-c000-000000000000' }, 'audience not allowed'],
      [{ azp: 'another' }, 'client not allowed'],
      [{ scp: 'User.Read' }, 'scope not allowed'],
    ],
  },
  {
    provider: 'Okta',
    claims: {
      iss: 'https://ORG.okta.com/oauth2/default',
      aud: 'api://default',
      cid: 'CLIENT_ID',
      scp: ['openid', 'agents.use'],
    },
    others: [
      [{ aud: 'https://ORG.okta.com' }, 'audience not allowed'],
      [{ cid: 'another' }, 'claim cid does not match'],
      [{ scp: ['openid'] }, 'scope not allowed'],
    ],
  },
  {
    provider: 'Auth0',
    claims: {
      iss: 'https://TENANT.auth0.com/',
      aud: ['https://api.example.com', 'https://TENANT.auth0.com/userinfo'],
      azp: 'CLIENT_ID',
    },
    others: [
      [{ aud: ['https://TENANT.auth0.com/userinfo'] }, 'audience not allowed'],
      [{ client_id: 'another' }, 'client not allowed'],
    ],
  },
  {
    provider: 'Amazon Cognito',
    claims: {
      iss: 'https://cognito-idp.REGION.amazonaws.com/USER_POOL_ID',
      token_use: 'access',
      client_id: 'APP_CLIENT_ID',
      scope: 'aws.cognito.signin.user.admin',
    },
    others: [
      [{ client_id: 'another' }, 'client not allowed'],
      [{ client_id: undefined, aud: 'APP_CLIENT_ID', token_use: 'id' }, 'client not allowed'],
    ],
  },
  {
    provider: 'Spring Authorization Server',
    claims: { iss: 'https://HOST', sub: 'u', aud: 'CLIENT_ID', scope: ['openid', 'agents.use'] },
    others: [
      [{ aud: 'another' }, 'audience not allowed'],
      [{ scope: ['openid'] }, 'scope not allowed'],
    ],
  },
  {
    provider: 'Ory Hydra',
    claims: { iss: 'https://HOST/', aud: [], client_id: 'CLIENT_ID', scp: ['openid', 'agents.use'] },
    others: [
      [{ client_id: 'another' }, 'client not allowed'],
      [{ scp: [] }, 'scope not allowed'],
    ],
  },
];

function sampleOf(name: string): Sample['claims'] {
  const sample = SAMPLES.find(({ provider }) => provider === name);
  if (sample === undefined) throw new Error(`${name} has no sample`);
  return sample.claims;
}

describe.each(SAMPLES)('the entry for $provider', ({ provider, claims, others }) => {
  it('accepts its access token', () => {
    const entry = entryOf(provider);
    expect(issuerOf(entry)).toBe(withoutTrailingSlash(claims.iss));
    expect(claimsRejection(entry, claims)).toBeUndefined();
  });

  it.each(others)('rejects a token with %j', (change, reason) => {
    expect(claimsRejection(entryOf(provider), { ...claims, ...change })).toBe(reason);
  });
});

it('the document has no entry without a test', () => {
  expect(DOCUMENT.match(/^```json$/gm)).toHaveLength(SAMPLES.length);
});

it('accepts the tokens of both profiles of Auth0', () => {
  const { azp: client, ...claims } = sampleOf('Auth0');
  expect(claimsRejection(entryOf('Auth0'), { ...claims, client_id: client })).toBeUndefined();
});

it('the reasons in the document are those of the audit log', () => {
  const [, table = ''] = DOCUMENT.split('reason in the audit log ');
  const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  const reasons = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
  );
  const code = ['lambda/adapters/http', 'lambda/domain/identity']
    .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => join(ROOT, folder, name)))
    .map((file) => readFileSync(file, 'utf8'))
    .join('');
  expect(reasons.length).toBeGreaterThan(8);
  const unknown = reasons.filter((reason) => reason.split('…').some((part) => !code.includes(part)));
  expect(unknown).toEqual([]);
});
