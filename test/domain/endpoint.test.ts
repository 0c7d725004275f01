/** The endpoint URLs that a provider can have. */
import { checkEndpoint, endpointFault } from '../../lambda/domain/endpoint';
import { invalidMember } from '../../lambda/domain/service-error';

const ACCOUNT = { loopback: false };
const LAPTOP = { loopback: true };

it.each([
  'https://provider.example',
  'https://provider.example:8443/token?tenant=1',
  'https://127.0.0.1/token',
])('accepts %s as text; the transport checks the address when it connects', (endpoint) => {
  expect(endpointFault(endpoint, ACCOUNT)).toBeUndefined();
  expect(endpointFault(endpoint, LAPTOP)).toBeUndefined();
});

it.each(['http://localhost:9000/token', 'http://127.0.0.1:9000', 'http://[::1]:9000/', 'http://127.1/'])(
  'accepts %s only with the policy that allows loopback',
  (endpoint) => {
    expect(endpointFault(endpoint, LAPTOP)).toBeUndefined();
    expect(endpointFault(endpoint, ACCOUNT)).toMatch(/https/);
  },
);

it.each([
  ['http elsewhere', 'http://provider.example/token'],
  ['http to a name that begins like loopback', 'http://localhost.evil.example/'],
  ['http to an address that begins like loopback', 'http://127.0.0.1.evil.example/'],
  ['http to a private address', 'http://10.0.0.1/'],
  ['http to the metadata address', 'http://169.254.169.254/'],
  ['a user name', 'https://user@provider.example/'],
  ['a password', 'https://:secret@provider.example/'],
  ['loopback before the @', 'http://localhost@evil.example/'],
  ['a fragment', 'https://provider.example/#top'],
  ['an empty fragment', 'https://provider.example/#'],
  ['a path alone', '/token'],
  ['no scheme', 'provider.example/token'],
  ['nothing', ''],
  ['ftp', 'ftp://provider.example/'],
  ['file', 'file:///etc/passwd'],
  ['javascript', 'javascript:alert(1)'],
  ['data', 'data:text/plain,x'],
])('rejects %s, also with the policy that allows loopback', (_what, endpoint) => {
  expect(endpointFault(endpoint, LAPTOP)).toBeDefined();
  expect(endpointFault(endpoint, ACCOUNT)).toBeDefined();
});

it('names the member that is not valid, without repeating credentials', () => {
  const check = (): void => {
    checkEndpoint('discoveryUrl', 'https://user:hunter2@provider.example', ACCOUNT);
  };
  expect(check).toThrow(invalidMember('discoveryUrl', 'must not contain credentials'));
});
