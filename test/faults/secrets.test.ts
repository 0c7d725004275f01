/** The faults find a secret in the log in each encoding. */
import { randomBytes } from 'node:crypto';
import { ENCODINGS } from '../secrets/planted-encodings';
import { Secrets } from './secrets';

const newSecret = (): string => randomBytes(24).toString('base64url');

it.each(Object.entries(ENCODINGS))('a secret in the log is found %s', (_encoding, encode) => {
  const [secrets, secret] = [new Secrets(), newSecret()];
  secrets.add(newSecret());
  secrets.add(secret, 'https://server.example');
  expect(() => {
    secrets.expectNone('the log', `{"reason":"no ${newSecret()}"}`);
  }).not.toThrow();
  expect(() => {
    secrets.expectNone('the log', `{"reason":"no ${encode(secret)}"}`);
  }).toThrow('the log contains 1 secrets');
});

it('each of many thousands of secrets is found', () => {
  const secrets = new Secrets();
  const all = Array.from({ length: 5001 }, newSecret);
  for (const secret of all) secrets.add(secret);
  expect(() => {
    secrets.expectNone('the log', `${all[0]} ${all.at(-1)}`);
  }).toThrow('the log contains 2 secrets');
});
