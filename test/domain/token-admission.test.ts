/**
 * The conditions on a user token: audience, client, scope, and custom claims, each with every form that a claim can
 * have.
 */
import { claimsRejection } from '../../lambda/domain/identity/token-admission';
import type { CustomClaim } from '../../lambda/model/trusted-issuer';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';

const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration';

const ADMITTED = undefined;

/** The condition of the trusted issuer, the claims of the token, and the reason for the rejection, if any. */
type Row = [what: string, condition: Partial<TrustedIssuer>, claims: object, fault: string | undefined];

/** A condition that names no recipient is completed with a client, and the token with its claim. */
const rejectionOf = (condition: Partial<TrustedIssuer>, claims: object): string | undefined =>
  condition.allowedAudience || condition.allowedClients
    ? claimsRejection({ discoveryUrl, ...condition }, { ...claims })
    : claimsRejection({ discoveryUrl, allowedClients: ['app'], ...condition }, { azp: 'app', ...claims });

it('rejects every token if no recipient is named, as the entry of an issuer of identity assertions', () => {
  expect(claimsRejection({ discoveryUrl }, { aud: 'app', client_id: 'app' })).toBe('no recipient is allowed');
});

describe('audience', () => {
  const allowedAudience = ['app', 'other'];
  const fault = 'audience not allowed';
  it.each<Row>([
    ['one string', { allowedAudience }, { aud: 'other' }, ADMITTED],
    ['an array that includes it', { allowedAudience }, { aud: ['unknown', 'app'] }, ADMITTED],
    ['another string', { allowedAudience }, { aud: 'unknown' }, fault],
    ['an array of others', { allowedAudience }, { aud: ['unknown'] }, fault],
    ['an empty array', { allowedAudience }, { aud: [] }, fault],
    ['no claim', { allowedAudience }, {}, fault],
    ['another case', { allowedAudience }, { aud: 'App' }, fault],
    ['a longer string', { allowedAudience }, { aud: 'app/x' }, fault],
    ['an array in an array', { allowedAudience }, { aud: [['app']] }, fault],
    ['an array that holds a number', { allowedAudience }, { aud: ['app', 1] }, fault],
    ['an object', { allowedAudience }, { aud: { 0: 'app', length: 1 } }, fault],
  ])('accepts or rejects as expected: %s', (_what, condition, claims, expected) => {
    expect(rejectionOf(condition, claims)).toBe(expected);
  });
});

describe('client', () => {
  const allowedClients = ['web'];
  const fault = 'client not allowed';
  it.each<Row>([
    ['client_id', { allowedClients }, { client_id: 'web' }, ADMITTED],
    ['azp', { allowedClients }, { azp: 'web' }, ADMITTED],
    ['client_id before azp', { allowedClients }, { client_id: 'unknown', azp: 'web' }, fault],
    ['another client', { allowedClients }, { client_id: 'unknown' }, fault],
    ['no claim', { allowedClients }, {}, fault],
    ['an array', { allowedClients }, { client_id: ['web'] }, fault],
    ['in the audience only', { allowedClients }, { aud: 'web' }, fault],
    [
      'another audience',
      { allowedClients, allowedAudience: ['app'] },
      { client_id: 'web' },
      'audience not allowed',
    ],
    [
      'another client, with the correct audience',
      { allowedClients, allowedAudience: ['app'] },
      { aud: 'app' },
      fault,
    ],
  ])('accepts or rejects as expected: %s', (_what, condition, claims, expected) => {
    expect(rejectionOf(condition, claims)).toBe(expected);
  });
});

describe('scope', () => {
  const allowedScopes = ['agents', 'admin'];
  const fault = 'scope not allowed';
  const DIFFER = 'claims scope and scp differ';
  it.each<Row>([
    ['one of several', { allowedScopes }, { scope: 'openid admin' }, ADMITTED],
    ['none of them', { allowedScopes }, { scope: 'openid' }, fault],
    ['part of a scope', { allowedScopes }, { scope: 'agents.read' }, fault],
    ['none at all', { allowedScopes }, {}, fault],
    ['an array', { allowedScopes }, { scope: ['openid', 'agents'] }, ADMITTED],
    ['scp as a string', { allowedScopes }, { scp: 'openid agents' }, ADMITTED],
    ['scp as an array', { allowedScopes }, { scp: ['openid', 'agents'] }, ADMITTED],
    ['an array of others', { allowedScopes }, { scp: ['openid'] }, fault],
    ['an empty array', { allowedScopes }, { scope: [] }, fault],
    ['an empty string', { allowedScopes }, { scp: '' }, fault],
    ['spaces around it', { allowedScopes }, { scope: ' openid  agents ' }, ADMITTED],
    [
      'both claims with the same scopes',
      { allowedScopes },
      { scope: 'a agents', scp: ['agents', 'a'] },
      ADMITTED,
    ],
    ['both claims, one with more', { allowedScopes }, { scope: 'a', scp: ['a', 'agents'] }, DIFFER],
    ['both claims, the other with more', { allowedScopes }, { scope: ['a', 'agents'], scp: 'a' }, DIFFER],
    ['both claims, one empty', { allowedScopes }, { scope: '', scp: ['agents'] }, DIFFER],
    ['both claims, one malformed', { allowedScopes }, { scope: 'agents', scp: {} }, 'claim scp is malformed'],
    ['scopes separated by a comma', { allowedScopes }, { scope: 'openid,agents' }, fault],
  ])('accepts or rejects as expected: %s', (_what, condition, claims, expected) => {
    expect(rejectionOf(condition, claims)).toBe(expected);
  });
});

describe.each(['scope', 'scp'])('a malformed %s', (name) => {
  it.each([
    null,
    true,
    7,
    {},
    { 0: 'agents', length: 1 },
    ['agents', 1],
    ['agents', ''],
    ['a agents'],
    [['agents']],
  ])('is the reason for a rejection, whether or not scopes are required: %j', (value) => {
    for (const condition of [{ allowedScopes: ['agents'] }, {}]) {
      expect(rejectionOf(condition, { [name]: value })).toBe(`claim ${name} is malformed`);
    }
  });
});

describe('a token that is bound to a key', () => {
  const fault = 'bound to a key (cnf)';
  it.each<Row>([
    ['by DPoP', {}, { cnf: { jkt: 'thumbprint' } }, fault],
    ['by mutual TLS', {}, { cnf: { 'x5t#S256': 'thumbprint' } }, fault],
    ['by no understood method', {}, { cnf: null }, fault],
    ['without acceptance', { acceptBoundTokens: false }, { cnf: {} }, fault],
    ['with acceptance', { acceptBoundTokens: true }, { cnf: { jkt: 'thumbprint' } }, ADMITTED],
  ])('is accepted or rejected as expected: %s', (_what, condition, claims, expected) => {
    expect(rejectionOf(condition, claims)).toBe(expected);
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
    ['EQUALS the same string', [equals('team', 'blue')], { team: 'blue' }, ADMITTED],
    ['EQUALS another string', [equals('team', 'blue')], { team: 'red' }, fault('team')],
    ['EQUALS the string in different case', [equals('team', 'blue')], { team: 'Blue' }, fault('team')],
    ['EQUALS the string with a space', [equals('team', 'blue')], { team: 'blue ' }, fault('team')],
    ['EQUALS an array with the string', [equals('team', 'blue')], { team: ['blue'] }, fault('team')],
    ['EQUALS a number', [equals('level', '1')], { level: 1 }, fault('level')],
    ['EQUALS a boolean', [equals('admin', 'true')], { admin: true }, fault('admin')],
    ['EQUALS null', [equals('team', 'null')], { team: null }, fault('team')],
    ['EQUALS a missing claim', [equals('team', 'undefined')], {}, fault('team')],
    ['EQUALS a property of every object', [equals('constructor', 'x')], {}, fault('constructor')],
    [
      'EQUALS a claim with a URL as its name',
      [equals('https://a.example/team', 'blue')],
      { 'https://a.example/team': 'blue' },
      ADMITTED,
    ],
    ['EQUALS a nested claim', [equals('org.team', 'blue')], { org: { team: 'blue' } }, fault('org.team')],

    ['CONTAINS an element', [contains('roles', 'dev')], { roles: ['ops', 'dev'] }, ADMITTED],
    ['CONTAINS no element', [contains('roles', 'dev')], { roles: ['ops'] }, fault('roles')],
    ['CONTAINS in an empty array', [contains('roles', 'dev')], { roles: [] }, fault('roles')],
    ['CONTAINS as a string', [contains('roles', 'dev')], { roles: 'dev' }, fault('roles')],
    ['CONTAINS within a string', [contains('roles', 'dev')], { roles: 'ops dev' }, fault('roles')],
    ['CONTAINS part of an element', [contains('roles', 'dev')], { roles: ['devops'] }, fault('roles')],
    [
      'CONTAINS an array that also has a number',
      [contains('roles', 'dev')],
      { roles: ['dev', 1] },
      fault('roles'),
    ],
    ['CONTAINS in an array of arrays', [contains('roles', 'dev')], { roles: [['dev']] }, fault('roles')],
    ['CONTAINS in an object', [contains('roles', 'dev')], { roles: { 0: 'dev', length: 1 } }, fault('roles')],
    ['CONTAINS a missing claim', [contains('roles', 'dev')], {}, fault('roles')],

    [
      'CONTAINS_ANY with a shared element',
      [containsAny('roles', 'dev', 'ops')],
      { roles: ['hr', 'ops'] },
      ADMITTED,
    ],
    [
      'CONTAINS_ANY without a shared element',
      [containsAny('roles', 'dev', 'ops')],
      { roles: ['hr'] },
      fault('roles'),
    ],
    ['CONTAINS_ANY as a string', [containsAny('roles', 'dev', 'ops')], { roles: 'ops' }, fault('roles')],
    ['CONTAINS_ANY a missing claim', [containsAny('roles', 'dev')], {}, fault('roles')],

    [
      'several conditions that are all true',
      [equals('team', 'blue'), contains('roles', 'dev')],
      { team: 'blue', roles: ['dev'] },
      ADMITTED,
    ],
    [
      'several conditions, one of which is false',
      [equals('team', 'blue'), contains('roles', 'dev')],
      { team: 'blue' },
      fault('roles'),
    ],
  ])('accepts or rejects as expected: %s', (_what, customClaims, token, expected) => {
    expect(rejectionOf({ customClaims }, token)).toBe(expected);
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
  const fault = (claims: object) => rejectionOf({ ...entry, customClaims }, { ...good, ...claims });
  expect(fault({})).toBe('scope not allowed');
  expect(fault({ aud: 'other' })).toBe('audience not allowed');
  expect(fault({ client_id: 'other' })).toBe('client not allowed');
  expect(fault({ roles: [] })).toBe('claim roles does not match');
});
