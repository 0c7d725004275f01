/** For whom a token is: audience, client, scope and custom claims, each in every shape that a claim may have. */
import { claimsRejection } from '../../lambda/domain/identity/token-admission';
import type { CustomClaim, TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';

const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration';

const ADMITTED = undefined;

/** Entry's condition, claims of the token, and the fault, if any. */
type Row = [what: string, condition: Partial<TrustedIssuer>, claims: object, fault: string | undefined];

const judge = (condition: Partial<TrustedIssuer>, claims: object): string | undefined =>
  claimsRejection({ discoveryUrl, ...condition }, { ...claims });

describe('audience', () => {
  const allowedAudience = ['app', 'other'];
  const fault = 'audience not allowed';
  it.each<Row>([
    ['one string', { allowedAudience }, { aud: 'other' }, ADMITTED],
    ['one of an array', { allowedAudience }, { aud: ['nobody', 'app'] }, ADMITTED],
    ['another string', { allowedAudience }, { aud: 'nobody' }, fault],
    ['an array of others', { allowedAudience }, { aud: ['nobody'] }, fault],
    ['an empty array', { allowedAudience }, { aud: [] }, fault],
    ['none', { allowedAudience }, {}, fault],
    ['another case', { allowedAudience }, { aud: 'App' }, fault],
    ['a longer one', { allowedAudience }, { aud: 'app/x' }, fault],
    ['an array in an array', { allowedAudience }, { aud: [['app']] }, fault],
    ['an array that holds a number', { allowedAudience }, { aud: ['app', 1] }, fault],
    ['an object', { allowedAudience }, { aud: { 0: 'app', length: 1 } }, fault],
  ])('%s', (_what, condition, claims, expected) => {
    expect(judge(condition, claims)).toBe(expected);
  });
});

describe('client', () => {
  const allowedClients = ['web'];
  const fault = 'client not allowed';
  it.each<Row>([
    ['client_id', { allowedClients }, { client_id: 'web' }, ADMITTED],
    ['azp', { allowedClients }, { azp: 'web' }, ADMITTED],
    ['client_id before azp', { allowedClients }, { client_id: 'nobody', azp: 'web' }, fault],
    ['another', { allowedClients }, { client_id: 'nobody' }, fault],
    ['none', { allowedClients }, {}, fault],
    ['an array', { allowedClients }, { client_id: ['web'] }, fault],
    ['in the audience only', { allowedClients }, { aud: 'web' }, fault],
    [
      'the audience wrong',
      { allowedClients, allowedAudience: ['app'] },
      { client_id: 'web' },
      'audience not allowed',
    ],
    ['the client wrong', { allowedClients, allowedAudience: ['app'] }, { aud: 'app' }, fault],
  ])('%s', (_what, condition, claims, expected) => {
    expect(judge(condition, claims)).toBe(expected);
  });
});

describe('scope', () => {
  const allowedScopes = ['agents', 'admin'];
  const fault = 'scope not allowed';
  it.each<Row>([
    ['one of several', { allowedScopes }, { scope: 'openid admin' }, ADMITTED],
    ['none of them', { allowedScopes }, { scope: 'openid' }, fault],
    ['part of a word', { allowedScopes }, { scope: 'agents.read' }, fault],
    ['none at all', { allowedScopes }, {}, fault],
    ['an array', { allowedScopes }, { scope: ['agents'] }, fault],
    ['parted by a comma', { allowedScopes }, { scope: 'openid,agents' }, fault],
  ])('%s', (_what, condition, claims, expected) => {
    expect(judge(condition, claims)).toBe(expected);
  });
});

describe('custom claims', () => {
  const named = (name: string, rest: Omit<CustomClaim, 'inboundTokenClaimName'>): CustomClaim => ({
    inboundTokenClaimName: name,
    ...rest,
  });
  const equals = (name: string, matchValueString: string) =>
    named(name, {
      inboundTokenClaimValueType: 'STRING',
      authorizingClaimMatchValue: { claimMatchOperator: 'EQUALS', claimMatchValue: { matchValueString } },
    });
  const contains = (name: string, matchValueString: string) =>
    named(name, {
      inboundTokenClaimValueType: 'STRING_ARRAY',
      authorizingClaimMatchValue: { claimMatchOperator: 'CONTAINS', claimMatchValue: { matchValueString } },
    });
  const containsAny = (name: string, ...matchValueStringList: string[]) =>
    named(name, {
      inboundTokenClaimValueType: 'STRING_ARRAY',
      authorizingClaimMatchValue: {
        claimMatchOperator: 'CONTAINS_ANY',
        claimMatchValue: { matchValueStringList },
      },
    });
  const fault = (name: string) => `claim ${name} does not match`;

  it.each<[what: string, claims: CustomClaim[], token: object, fault: string | undefined]>([
    ['EQUALS the same', [equals('team', 'blue')], { team: 'blue' }, ADMITTED],
    ['EQUALS another', [equals('team', 'blue')], { team: 'red' }, fault('team')],
    ['EQUALS another case', [equals('team', 'blue')], { team: 'Blue' }, fault('team')],
    ['EQUALS the beginning', [equals('team', 'blue')], { team: 'blue ' }, fault('team')],
    ['EQUALS an array of the same', [equals('team', 'blue')], { team: ['blue'] }, fault('team')],
    ['EQUALS a number', [equals('level', '1')], { level: 1 }, fault('level')],
    ['EQUALS a boolean', [equals('admin', 'true')], { admin: true }, fault('admin')],
    ['EQUALS null', [equals('team', 'null')], { team: null }, fault('team')],
    ['EQUALS what is missing', [equals('team', 'undefined')], {}, fault('team')],
    ['EQUALS what every object has', [equals('constructor', 'x')], {}, fault('constructor')],
    [
      "EQUALS by a URL's name",
      [equals('https://a.example/team', 'blue')],
      { 'https://a.example/team': 'blue' },
      ADMITTED,
    ],
    ['EQUALS no nested claim', [equals('org.team', 'blue')], { org: { team: 'blue' } }, fault('org.team')],

    ['CONTAINS one of them', [contains('roles', 'dev')], { roles: ['ops', 'dev'] }, ADMITTED],
    ['CONTAINS none of them', [contains('roles', 'dev')], { roles: ['ops'] }, fault('roles')],
    ['CONTAINS in an empty array', [contains('roles', 'dev')], { roles: [] }, fault('roles')],
    ['CONTAINS as a string', [contains('roles', 'dev')], { roles: 'dev' }, fault('roles')],
    ['CONTAINS within a string', [contains('roles', 'dev')], { roles: 'ops dev' }, fault('roles')],
    ['CONTAINS part of an element', [contains('roles', 'dev')], { roles: ['devops'] }, fault('roles')],
    ['CONTAINS beside a number', [contains('roles', 'dev')], { roles: ['dev', 1] }, fault('roles')],
    ['CONTAINS in an array of arrays', [contains('roles', 'dev')], { roles: [['dev']] }, fault('roles')],
    ['CONTAINS in an object', [contains('roles', 'dev')], { roles: { 0: 'dev', length: 1 } }, fault('roles')],
    ['CONTAINS what is missing', [contains('roles', 'dev')], {}, fault('roles')],

    ['CONTAINS_ANY, one shared', [containsAny('roles', 'dev', 'ops')], { roles: ['hr', 'ops'] }, ADMITTED],
    ['CONTAINS_ANY, none shared', [containsAny('roles', 'dev', 'ops')], { roles: ['hr'] }, fault('roles')],
    ['CONTAINS_ANY as a string', [containsAny('roles', 'dev', 'ops')], { roles: 'ops' }, fault('roles')],
    ['CONTAINS_ANY what is missing', [containsAny('roles', 'dev')], {}, fault('roles')],

    [
      'all of several',
      [equals('team', 'blue'), contains('roles', 'dev')],
      { team: 'blue', roles: ['dev'] },
      ADMITTED,
    ],
    [
      'one of several missing',
      [equals('team', 'blue'), contains('roles', 'dev')],
      { team: 'blue' },
      fault('roles'),
    ],
  ])('%s', (_what, customClaims, token, expected) => {
    expect(judge({ customClaims }, token)).toBe(expected);
  });
});

it('validates the scope last: a token that also fails another condition gets that rejection', () => {
  const entry = { allowedAudience: ['app'], allowedClients: ['web'], allowedScopes: ['agents'] };
  const good = { aud: 'app', client_id: 'web', roles: ['dev'] };
  const customClaims = [
    {
      inboundTokenClaimName: 'roles',
      inboundTokenClaimValueType: 'STRING_ARRAY',
      authorizingClaimMatchValue: {
        claimMatchOperator: 'CONTAINS',
        claimMatchValue: { matchValueString: 'dev' },
      },
    } as const,
  ];
  const fault = (claims: object) => judge({ ...entry, customClaims }, { ...good, ...claims });
  expect(fault({})).toBe('scope not allowed');
  expect(fault({ aud: 'other' })).toBe('audience not allowed');
  expect(fault({ client_id: 'other' })).toBe('client not allowed');
  expect(fault({ roles: [] })).toBe('claim roles does not match');
});
