/** The signatures of workload access tokens: the same tokens as with jose, and no other form of them. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { CompactSign, jwtVerify, SignJWT } from 'jose';
import { encodeBase64url } from '../../lambda/domain/base64url';
import { signEs256 } from '../../lambda/domain/es256';
import { parseToken, verifyToken } from '../../lambda/domain/workload-token/signed-token';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const HEADER = { kid: 'key-1', typ: 'workload-access-token+jwt' };
const CLAIMS = { iss: 'https://id.example', sub: 'Ana Müller' };

/** Order of the base point of P-256 (SEC 2, section 2.4.2). */
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const ZERO = Buffer.alloc(32);
const ONE = Buffer.concat([Buffer.alloc(31), Buffer.from([1])]);

const verified = (token: string, key: KeyObject = publicKey) => {
  const parsed = parseToken(token);
  return parsed && verifyToken(parsed, key);
};

const partsOf = (token: string): [string, string, string] => token.split('.') as [string, string, string];

/** Returns the token with another signature. */
function withSignature(token: string, signature: Buffer): string {
  const [header, payload] = partsOf(token);
  return `${header}.${payload}.${encodeBase64url(signature)}`;
}

/** Returns a token with any header and payload, which the service's key signed. */
function signedAs(header: object | string, payload: object | Buffer = CLAIMS): string {
  const encoded = typeof header === 'string' ? header : encodeBase64url(JSON.stringify(header));
  const content = `${encoded}.${encodeBase64url(Buffer.isBuffer(payload) ? payload : JSON.stringify(payload))}`;
  const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${content}.${encodeBase64url(signature)}`;
}

it('jose accepts a token that the service signs', async () => {
  const { payload, protectedHeader } = await jwtVerify(signEs256(HEADER, CLAIMS, privateKey), publicKey);
  expect(payload).toEqual(CLAIMS);
  expect(protectedHeader).toEqual({ alg: 'ES256', ...HEADER });
});

it('accepts a token that jose signed, as those of earlier releases', async () => {
  const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'ES256', ...HEADER }).sign(privateKey);
  expect(verified(token)).toEqual(CLAIMS);
});

it('has the same header and payload as with jose, byte for byte', async () => {
  const theirs = await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'ES256', ...HEADER }).sign(privateKey);
  const ours = signEs256(HEADER, CLAIMS, privateKey);
  expect(partsOf(ours).slice(0, 2)).toEqual(partsOf(theirs).slice(0, 2));
});

describe('rejects a signature', () => {
  const token = signEs256(HEADER, CLAIMS, privateKey);
  const { signature: valid } = parseToken(token)!;

  it.each<[string, Buffer]>([
    ['in DER', sign('sha256', Buffer.from(token.slice(0, token.lastIndexOf('.'))), privateKey)],
    ['of zeros', Buffer.concat([ZERO, ZERO])],
    ['with R = 0', Buffer.concat([ZERO, valid.subarray(32)])],
    ['with S = 0', Buffer.concat([valid.subarray(0, 32), ZERO])],
    ['with R = S = 1', Buffer.concat([ONE, ONE])],
    ['with R = the order', Buffer.concat([ORDER, valid.subarray(32)])],
    ['with S = the order', Buffer.concat([valid.subarray(0, 32), ORDER])],
    ['with R and S exchanged', Buffer.concat([valid.subarray(32), valid.subarray(0, 32)])],
    ['that is truncated', valid.subarray(0, 63)],
    ['with another byte', Buffer.concat([valid, Buffer.from([0])])],
    ['with R and S of 48 bytes', Buffer.concat([ZERO, valid, ZERO])],
    ['that is empty', Buffer.alloc(0)],
  ])('%s', (_form, signature) => {
    expect(verified(token)).toEqual(CLAIMS);
    expect(verified(withSignature(token, signature))).toBeUndefined();
  });

  it('of another key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(verified(signEs256(HEADER, CLAIMS, other.privateKey))).toBeUndefined();
  });

  it('with any changed bit', () => {
    fc.assert(
      fc.property(fc.nat({ max: 511 }), (bit) => {
        const changed = Buffer.from(valid);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(verified(withSignature(token, changed))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});

describe('rejects a header, although the signature is valid,', () => {
  it.each<[string, object]>([
    ...['none', 'None', 'HS256', 'RS256', 'PS256', 'ES384', 'ES256K', 'ESP256', 'EdDSA', 'es256', ''].map(
      (alg): [string, object] => [`with alg "${alg}"`, { alg, ...HEADER }],
    ),
    ['without alg', HEADER],
    ['with a list as alg', { alg: ['ES256'], ...HEADER }],
    ['without kid', { alg: 'ES256', typ: HEADER.typ }],
    ['with a number as kid', { alg: 'ES256', ...HEADER, kid: 1 }],
    ['without typ', { alg: 'ES256', kid: HEADER.kid }],
    ['with b64', { alg: 'ES256', ...HEADER, b64: true }],
    ['with b64 and crit', { alg: 'ES256', ...HEADER, b64: false, crit: ['b64'] }],
    ['with crit', { alg: 'ES256', ...HEADER, crit: ['exp'] }],
    ['with an empty crit', { alg: 'ES256', ...HEADER, crit: [] }],
    ['with its own key', { alg: 'ES256', ...HEADER, jwk: {} }],
    ['with the URL of a key', { alg: 'ES256', ...HEADER, jku: 'https://attacker.example' }],
    ['with a certificate', { alg: 'ES256', ...HEADER, x5c: [] }],
    ['that is a list', ['ES256']],
  ])('%s', (_what, header) => {
    expect(verified(signedAs({ alg: 'ES256', ...HEADER }))).toEqual(CLAIMS);
    expect(verified(signedAs(header))).toBeUndefined();
  });

  it('that is not JSON, or not UTF-8', () => {
    expect(verified(signedAs(encodeBase64url('{')))).toBeUndefined();
    const invalid = Buffer.concat([
      Buffer.from('{"alg":"ES256","typ":"x","kid":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect(verified(signedAs(encodeBase64url(invalid)))).toBeUndefined();
  });

  it('with a member __proto__', () => {
    const text = `{"__proto__":{},"alg":"ES256","kid":"k","typ":"t"}`;
    expect(verified(signedAs(encodeBase64url(text)))).toBeUndefined();
  });
});

it.each<[string, Buffer | object]>([
  ['a list', []],
  ['a text', Buffer.from('"claims"')],
  ['null', Buffer.from('null')],
  ['not JSON', Buffer.from('{"sub"')],
  ['not UTF-8', Buffer.concat([Buffer.from('{"sub":"'), Buffer.from([0xff]), Buffer.from('"}')])],
  ['empty', Buffer.alloc(0)],
])('rejects a signed payload that is %s', (_what, payload) => {
  expect(verified(signedAs({ alg: 'ES256', ...HEADER }, payload))).toBeUndefined();
});

it('rejects every other spelling of a valid token', () => {
  const token = signEs256(HEADER, CLAIMS, privateKey);
  const [header, payload, signature] = partsOf(token);
  const surplusBits = `${signature.slice(0, -1)}${String.fromCharCode(signature.charCodeAt(85) + 1)}`;
  const others = [
    `${token}=`,
    `${token}==`,
    `${token}.`,
    `.${token}`,
    `${token}.${signature}`,
    `${token}\n`,
    ` ${token}`,
    `${header}.${payload}.${surplusBits}`,
    `${header}=.${payload}.${signature}`,
    `${header}.${payload}`,
    `${header}..${signature}`,
    `${header}.${payload}.`,
  ];
  expect(others.filter((other) => verified(other) !== undefined)).toEqual([]);
});

it('rejects an unencoded payload (RFC 7797)', async () => {
  const token = await new CompactSign(Buffer.from('payload'))
    .setProtectedHeader({ alg: 'ES256', ...HEADER, b64: true, crit: ['b64'] })
    .sign(privateKey);
  expect(verified(token)).toBeUndefined();
});
