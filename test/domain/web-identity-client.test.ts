/** The principals that can have AWS tokens sent on behalf of the provider's owner. */
import {
  checkWebIdentityChange,
  type WebIdentityChange,
} from '../../lambda/domain/provider/web-identity-client';

const change: WebIdentityChange = {
  byOwner: false,
  before: 'AWS_IAM_ID_TOKEN_JWT',
  after: 'AWS_IAM_ID_TOKEN_JWT',
};

it.each<[string, Partial<WebIdentityChange>]>([
  ['the owner', { byOwner: true, before: 'CLIENT_SECRET_BASIC' }],
  ['another principal that keeps the method', {}],
  ['another principal that stops the use of AWS tokens', { after: 'CLIENT_SECRET_POST' }],
])('accepts a change by %s', (_, differing) => {
  expect(() => {
    checkWebIdentityChange({ ...change, ...differing });
  }).not.toThrow();
});

it.each<[string, Partial<WebIdentityChange>]>([
  ['instead of a secret', { before: 'CLIENT_SECRET_BASIC' }],
  ['instead of an assertion by a key', { before: 'PRIVATE_KEY_JWT' }],
])('rejects a change by another principal that sends AWS tokens %s', (_, differing) => {
  expect(() => {
    checkWebIdentityChange({ ...change, ...differing });
  }).toThrow(expect.objectContaining({ name: 'AccessDeniedException' }) as Error);
});
