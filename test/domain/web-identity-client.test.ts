/**
 * The principals that can have AWS tokens sent on behalf of the provider's owner, and the servers that can get them.
 */
import {
  checkWebIdentityChange,
  type WebIdentityChange,
} from '../../lambda/domain/provider/web-identity-client';

const change: WebIdentityChange = {
  byOwner: false,
  before: 'AWS_IAM_ID_TOKEN_JWT',
  after: 'AWS_IAM_ID_TOKEN_JWT',
  sameServer: true,
};

it.each<[string, Partial<WebIdentityChange>]>([
  ['the owner, to any server', { byOwner: true, before: 'CLIENT_SECRET_BASIC', sameServer: false }],
  ['another principal that keeps the server', {}],
  ['another principal that stops the use of AWS tokens', { after: 'CLIENT_SECRET_POST', sameServer: false }],
])('accepts a change by %s', (_, differing) => {
  expect(() => {
    checkWebIdentityChange({ ...change, ...differing });
  }).not.toThrow();
});

it.each<[string, Partial<WebIdentityChange>]>([
  ['to another server', { sameServer: false }],
  ['instead of a secret', { before: 'CLIENT_SECRET_BASIC' }],
  ['instead of an assertion by a key', { before: 'PRIVATE_KEY_JWT' }],
])('rejects a change by another principal that sends AWS tokens %s', (_, differing) => {
  expect(() => {
    checkWebIdentityChange({ ...change, ...differing });
  }).toThrow(expect.objectContaining({ name: 'AccessDeniedException' }) as Error);
});
