/** Whether two configurations of a provider name one authorization server, so that its callback URL stays. */
import { isSameServer } from '../../lambda/domain/provider/discovery';

const at = (discoveryUrl: string) => ({ discoveryUrl });

it.each([
  [
    'https://as.example/.well-known/openid-configuration',
    'https://as.example/.well-known/oauth-authorization-server',
  ],
  [
    'https://as.example/o/.well-known/openid-configuration',
    'https://as.example/.well-known/oauth-authorization-server/o',
  ],
  [
    'https://as.example/o/.well-known/openid-configuration',
    'https://as.example/o/.well-known/oauth-authorization-server',
  ],
])('%s and %s are documents of one server', (one, other) => {
  expect(isSameServer(at(one), at(other))).toBe(true);
});

it.each([
  [
    'https://as.example/.well-known/openid-configuration',
    'https://as.example/o/.well-known/openid-configuration',
  ],
  [
    'https://as.example/.well-known/openid-configuration',
    'https://other.example/.well-known/openid-configuration',
  ],
  // The document before the path could belong to another tenant of the host.
  [
    'https://as.example/a/b/.well-known/openid-configuration',
    'https://as.example/a/.well-known/oauth-authorization-server/b',
  ],
])('%s and %s are documents of different servers', (one, other) => {
  expect(isSameServer(at(one), at(other))).toBe(false);
});
