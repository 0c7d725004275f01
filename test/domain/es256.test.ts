/** Only keys on the curve P-256 sign and verify. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK } from 'jose';
import { es256PrivateKeyOfPem, es256PublicKeyOfJwk } from '../../lambda/domain/es256';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const OTHER_KEYS: [string, () => { publicKey: KeyObject; privateKey: KeyObject }][] = [
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
];

it.each(OTHER_KEYS)('uses no key of the kind %s', async (_kind, generate) => {
  const other = generate();
  const jwk = other.publicKey.export({ format: 'jwk' });
  expect(() => es256PublicKeyOfJwk(jwk)).toThrow('P-256');
  const pem = other.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  expect(() => es256PrivateKeyOfPem(pem)).toThrow('P-256');
  await expect(Promise.resolve(es256PublicKeyOfJwk(await exportJWK(publicKey)))).resolves.toBeDefined();
});

it('uses no point that is not on the curve', async () => {
  const { x, ...jwk } = await exportJWK(publicKey);
  expect(() => es256PublicKeyOfJwk({ ...jwk, x, y: x })).toThrow();
});
