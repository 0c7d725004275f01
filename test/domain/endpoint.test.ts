/** The endpoint URLs that a provider can have, and the URLs to which its tokens can go. */
import { endpointFault, isWithin } from '../../lambda/model/endpoint';
import { checkEndpoint } from '../../lambda/domain/endpoint';
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

describe('a URL within a resource', () => {
  const within = (url: string, resource: string): boolean => isWithin(new URL(url), new URL(resource));

  it.each([
    ['https://mcp.example/mcp', 'https://mcp.example/mcp'],
    ['https://mcp.example/mcp/', 'https://mcp.example/mcp'],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp/'],
    ['https://mcp.example/mcp/tools/1', 'https://mcp.example/mcp'],
    ['https://mcp.example:443/mcp', 'https://mcp.example/mcp'],
    ['https://MCP.example/mcp', 'https://mcp.example/mcp'],
    ['https://mcp.example/any/path', 'https://mcp.example'],
    ['https://mcp.example/a%2Fb/mcp', 'https://mcp.example/a%2Fb'],
  ])('%s is within %s', (url, resource) => {
    expect(within(url, resource)).toBe(true);
  });

  it.each([
    ['a path that begins like it', 'https://mcp.example/mcp-evil'],
    ['a parent', 'https://mcp.example/'],
    ['a sibling', 'https://mcp.example/admin'],
    ['another case', 'https://mcp.example/MCP'],
    ['parent segments', 'https://mcp.example/mcp/../admin'],
    ['encoded parent segments, which URL decodes', 'https://mcp.example/mcp/%2e%2e/admin'],
    ['an encoded slash after parent segments', 'https://mcp.example/mcp/..%2fadmin'],
    ['an encoded slash in its last segment', 'https://mcp.example/mcp%2f..%2fadmin'],
    ['parent segments with a parameter', 'https://mcp.example/mcp/..;/admin'],
    ['parent segments that are encoded twice', 'https://mcp.example/mcp/%252e%252e/admin'],
    ['an encoded backslash', 'https://mcp.example/mcp/..%5Cadmin'],
    ['a backslash', 'https://mcp.example/mcp\\..\\admin'],
    ['an encoded control character', 'https://mcp.example/mcp/%0d%0aadmin'],
    ['an empty segment before it', 'https://mcp.example//mcp'],
    ['another scheme', 'http://mcp.example/mcp'],
    ['another port', 'https://mcp.example:8443/mcp'],
    ['a subdomain', 'https://a.mcp.example/mcp'],
    ['a host that ends like it', 'https://evilmcp.example/mcp'],
    ['a host that begins like it', 'https://mcp.example.evil/mcp'],
    ['its host as a user', 'https://mcp.example@evil.example/mcp'],
    ['its path in a query', 'https://mcp.example/?/mcp'],
    ['its path in a fragment', 'https://mcp.example/#/mcp'],
  ])('does not include %s', (_what, url) => {
    expect(within(url, 'https://mcp.example/mcp')).toBe(false);
  });
});
