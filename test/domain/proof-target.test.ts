/** The URLs for which agents get DPoP proofs. */
import { proofTargetFault } from '../../lambda/domain/oauth/proof-target';

const issuer = 'https://mcp.example';
const metadata = {
  issuer,
  token_endpoint: `${issuer}/oauth/Token`,
  authorization_endpoint: `${issuer}/authorize`,
  revocation_endpoint: `${issuer}/revoke/`,
  device_authorization_endpoint: `${issuer}/device/auth`,
  backchannel_authentication_endpoint: `${issuer}/backchannel`,
  mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls/token` },
};
const faultOf = (
  url: string,
  resources: readonly string[],
  indicators: readonly string[] = [],
  loopback = false,
) => proofTargetFault(url, { resources, indicators, metadata }, { loopback });

const ROOT = ['https://mcp.example'];

it.each([
  ['https://mcp.example', ROOT],
  ['https://mcp.example/', ROOT],
  ['https://mcp.example/mcp', ROOT],
  ['https://mcp.example/mcp', ['https://mcp.example/mcp/']],
  ['https://mcp.example/mcp/', ['https://mcp.example/mcp']],
  ['https://api.example/v1/a%20b', ['https://mcp.example/mcp', 'https://api.example/v1']],
  ['https://api.example/v1/%C3%A9.x', ['https://api.example/v1']],
  ['https://mcp.example/tokens', ROOT],
  ['https://mcp.example/oauth', ROOT],
  ['https://[::1]:8443/a', ['https://[::1]:8443/']],
])('%s is within %j', (url, resources) => {
  expect(faultOf(url, resources)).toBeUndefined();
});

it.each([
  ['another scheme', 'http://mcp.example/mcp', /https/],
  ['loopback in an account', 'http://127.0.0.1/mcp', /https/],
  ['a script', 'javascript:alert(1)', /https/],
  ['a subdomain', 'https://a.mcp.example/mcp', /within/],
  ['a longer host', 'https://mcp.example.evil.example/mcp', /within/],
  ['another port', 'https://mcp.example:8443/mcp', /within/],
  ['the default port', 'https://mcp.example:443/mcp', /normalized/],
  ['an uppercase host', 'https://MCP.example/mcp', /normalized/],
  ['a host in Unicode', 'https://mcp.exämple/mcp', /absolute/],
  ['a user', 'https://mcp.example@evil.example/mcp', /absolute/],
  ['a dot at the end of the host', 'https://mcp.example./mcp', /within/],
  ['a single encoded dot', 'https://mcp.example/%2E/mcp', /normalized/],
  ['an encoded control', 'https://mcp.example/mcp%0d%0ax', /normalized/],
  ['an encoded null', 'https://mcp.example/mcp%00', /normalized/],
  ['an encoded backslash', 'https://mcp.example/%5c..%5ctoken', /normalized/],
  ['parent segments with a parameter', 'https://mcp.example/mcp/..;/x', /normalized/],
  ['a parameter', 'https://mcp.example/oauth/Token;x', /normalized/],
  ['an encoded parameter', 'https://mcp.example/oauth/Token%3b', /normalized/],
  ['dots that are encoded twice', 'https://mcp.example/mcp/%252e%252e/x', /normalized/],
  ['a letter that is encoded twice', 'https://mcp.example/oauth/%2554oken', /normalized/],
  ['dots in the encoding %u', 'https://mcp.example/mcp/%u002e%u002e/x', /normalized/],
  ['dots in overlong UTF-8', 'https://mcp.example/mcp/%c0%ae%C0%AE/x', /normalized/],
  ['dots in overlong UTF-8 of three bytes', 'https://mcp.example/mcp/%e0%80%ae/x', /normalized/],
  ['the token endpoint with an encoded query', 'https://mcp.example/oauth/Token%3Fx=1', /normalized/],
  ['the token endpoint with an encoded fragment', 'https://mcp.example/oauth/Token%23x', /normalized/],
  ['an encoded query in lowercase', 'https://mcp.example/mcp%3fx', /normalized/],
  ['a percent sign', 'https://mcp.example/mcp/%', /normalized/],
  ['a line break', 'https://mcp.example/mcp\r\n', /absolute/],
  ['the token endpoint', 'https://mcp.example/oauth/Token', /endpoint/],
  ['the token endpoint in another case', 'https://mcp.example/OAUTH/token', /endpoint/],
  ['the token endpoint with a slash', 'https://mcp.example/oauth/Token/', /endpoint/],
  ['the token endpoint with encoded letters', 'https://mcp.example/oauth/%54oken', /endpoint/],
  ['the token endpoint with a dot', 'https://mcp.example/oauth/Token.', /endpoint/],
  ['the token endpoint with a space', 'https://mcp.example/oauth/Token%20', /endpoint/],
  ['the token endpoint for mutual TLS', 'https://mcp.example/mtls/token', /endpoint/],
  ['the endpoint of devices', 'https://mcp.example/device/auth', /endpoint/],
  ['the backchannel endpoint', 'https://mcp.example/backchannel', /endpoint/],
  ['the revocation endpoint without its slash', 'https://mcp.example/revoke', /endpoint/],
])('%s has no proof', (_title, url, fault) => {
  expect(faultOf(url, ROOT)).toMatch(fault);
});

it('is within no resource if the provider has none', () => {
  expect(faultOf('https://mcp.example/mcp', [])).toMatch(/within/);
});

it('is within the resources of the request, if the provider is for them', () => {
  const resources = ['https://api.example/v1', 'https://api.example/v2'];
  const url = 'https://api.example/v1/a';
  expect(faultOf(url, resources, ['https://api.example/v1'])).toBeUndefined();
  expect(faultOf(url, resources, ['https://api.example/v2'])).toMatch(/within/);
  expect(faultOf(url, resources, ['urn:api', 'https://logical.example/'])).toBeUndefined();
  expect(faultOf('https://logical.example/', resources, ['https://logical.example/'])).toMatch(/within/);
});

it('is on this machine only in local mode', () => {
  expect(faultOf('http://127.0.0.1:1/mcp', ['http://127.0.0.1:1/mcp'], [], true)).toBeUndefined();
  expect(faultOf('http://api.example/mcp', ['http://api.example/mcp'], [], true)).toMatch(/https/);
});
