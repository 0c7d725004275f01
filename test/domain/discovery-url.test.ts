/** The issuer that a discovery URL names. */
import {
  DISCOVERY_URL,
  isOfOneIssuer,
  issuerOf,
  protectedResourceUrl,
  withoutTrailingSlash,
} from '../../lambda/model/discovery-url';

it.each([
  ['https://idp.example/.well-known/openid-configuration', 'https://idp.example'],
  ['https://idp.example/a/b/.well-known/openid-configuration', 'https://idp.example/a/b'],
  ['https://idp.example/a/.well-known/oauth-authorization-server', 'https://idp.example/a'],
  ['https://idp.example/.well-known/oauth-authorization-server/a', 'https://idp.example/a'],
  ['https://idp.example:8443/.well-known/openid-configuration/a/b', 'https://idp.example:8443/a/b'],
  ['https://idp.example/.well-known/openid-configuration/a/', 'https://idp.example/a'],
])('%s is the document of %s', (discoveryUrl, issuer) => {
  expect(discoveryUrl).toMatch(DISCOVERY_URL);
  expect(isOfOneIssuer(discoveryUrl)).toBe(true);
  expect(issuerOf({ discoveryUrl })).toBe(issuer);
});

it.each([
  'https://idp.example/a/.well-known/openid-configuration/b',
  'https://idp.example//.well-known/openid-configuration/b',
  'https://idp.example/.well-known/openid-configuration/a/.well-known/openid-configuration',
  'https://idp.example/.well-known/a/.well-known/openid-configuration',
])('%s names no single issuer', (discoveryUrl) => {
  expect(discoveryUrl).toMatch(DISCOVERY_URL);
  expect(isOfOneIssuer(discoveryUrl)).toBe(false);
});

it('compares issuers without a slash at their end', () => {
  expect(withoutTrailingSlash('https://idp.example/a/')).toBe('https://idp.example/a');
  expect(withoutTrailingSlash('https://idp.example')).toBe('https://idp.example');
});

it.each([
  ['https://notes.example/mcp', 'https://notes.example/.well-known/oauth-protected-resource/mcp'],
  ['https://notes.example', 'https://notes.example/.well-known/oauth-protected-resource'],
  ['https://notes.example/', 'https://notes.example/.well-known/oauth-protected-resource'],
  ['https://notes.example:8443/a/b/', 'https://notes.example:8443/.well-known/oauth-protected-resource/a/b/'],
])('the metadata of the resource %s is at %s', (resource, url) => {
  expect(protectedResourceUrl(resource)).toBe(url);
});

it.each([
  'https://notes.example/mcp?tenant=1',
  'https://notes.example/mcp?',
  'https://notes.example/mcp#top',
  'https://user@notes.example/mcp',
  'https://user:password@notes.example/mcp',
  'https://:password@notes.example/mcp',
  'https://notes.example/.well-known/oauth-protected-resource',
  'https://notes.example/.well-known/oauth-protected-resource/mcp',
  'https://notes.example/mcp/.well-known/oauth-protected-resource',
  'localhost:8080/mcp',
  'ftp://notes.example/mcp',
  '/mcp',
  '',
])('"%s" is not the URL of a resource', (resource) => {
  expect(protectedResourceUrl(resource)).toBeUndefined();
});
