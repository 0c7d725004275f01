/** Which authorization URLs the command opens: pages of the service that it calls. */
import { pageOf } from '../../lib/cli/browser';

const LOCAL = 'http://127.0.0.1:4600';
const DEPLOYED = 'https://identity.example/prod';

it.each([
  [LOCAL, 'http://127.0.0.1:4600/authorize', true],
  [LOCAL, 'http://localhost:4600/authorize', true],
  [LOCAL, 'http://127.0.0.1:4700/authorize', false],
  // The pages of the local service, which has --public-url.
  [LOCAL, 'https://tunnel.example/authorize', true],
  [LOCAL, 'https://other.example/authorize', false],
  [LOCAL, 'https://127.0.0.1:4600/authorize', false],
  [LOCAL, 'http://tunnel.example/authorize', false],
  [DEPLOYED, 'https://identity.example/prod/authorize', true],
  [DEPLOYED, 'https://other.example/prod/authorize', false],
  [DEPLOYED, 'https://tunnel.example/authorize', false],
  [DEPLOYED, 'javascript:alert(1)', false],
])('from %s, %s: %s', (endpoint, url, isPage) => {
  expect(pageOf(endpoint, url, 'https://tunnel.example')?.href).toBe(isPage ? url : undefined);
});
