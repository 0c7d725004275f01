/** Who may have AWS's tokens sent in the name of a provider's owner, and where to. */
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
  [
    'the owner, who may send them anywhere',
    { byOwner: true, before: 'CLIENT_SECRET_BASIC', sameServer: false },
  ],
  ['another who leaves them where they go', {}],
  ['another who has none sent any more', { after: 'CLIENT_SECRET_POST', sameServer: false }],
])('lets in %s', (_, differing) => {
  expect(() => {
    checkWebIdentityChange({ ...change, ...differing });
  }).not.toThrow();
});

it.each<[string, Partial<WebIdentityChange>]>([
  ['to a server of their own', { sameServer: false }],
  ['in the place of a secret', { before: 'CLIENT_SECRET_BASIC' }],
  ['in the place of a key', { before: 'PRIVATE_KEY_JWT' }],
])('lets nobody else have them sent %s', (_, differing) => {
  expect(() => {
    checkWebIdentityChange({ ...change, ...differing });
  }).toThrow(expect.objectContaining({ name: 'AccessDeniedException' }) as Error);
});
