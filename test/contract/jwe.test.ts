/** The JWE of sealed values: the same values as with jose, and no other form of them. */
import { createCipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose';
import { decryptJwe, encryptJwe, readHeader } from '../../lambda/adapters/kms/jwe';
import { encodeBase64url } from '../../lambda/domain/base64url';

const bytes = randomBytes(32);
const key = createSecretKey(bytes);
const CONTEXT = { kid: '2026-01-01T00:00:00.000Z-1', ctx: '["grant","id","arn",[["a","b"]]]' };
const SECRET = 'a refresh token';

const withJose = (header: object, text = SECRET, with_: KeyObject = key): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', ...header })
    .encrypt(with_);

it('decrypts what jose encrypted, as earlier releases did', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      expect(decryptJwe(key, await withJose(CONTEXT, text))).toBe(Buffer.from(text).toString());
    }),
    { numRuns: 50 },
  );
});

it('encrypts what jose decrypts, as an earlier release does after a rollback', async () => {
  const algorithms = { keyManagementAlgorithms: ['A256GCMKW'], contentEncryptionAlgorithms: ['A256GCM'] };
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      const { plaintext } = await compactDecrypt(encryptJwe(key, CONTEXT, text), key, algorithms);
      expect(Buffer.from(plaintext).toString()).toBe(text);
    }),
    { numRuns: 50 },
  );
});

it('has the same header and lengths as with jose', async () => {
  const [theirs, ours] = [await withJose(CONTEXT), encryptJwe(key, CONTEXT, SECRET)];
  expect(Object.keys(readHeader(ours) ?? {})).toEqual(Object.keys(decodeProtectedHeader(theirs)));
  expect(readHeader(theirs)).toEqual(decodeProtectedHeader(theirs));
  const lengths = (jwe: string) => jwe.split('.').map((part) => part.length);
  expect(lengths(ours)).toEqual(lengths(theirs));
});

it('uses new IVs and a new content key each time', () => {
  const [one, two] = [encryptJwe(key, CONTEXT, SECRET), encryptJwe(key, CONTEXT, SECRET)];
  const partsOf = (jwe: string) => [...jwe.split('.'), readHeader(jwe)?.iv, readHeader(jwe)?.tag];
  const others = new Set(partsOf(two));
  expect(partsOf(one).filter((part) => others.has(part))).toEqual([]);
});

it.each([
  { zip: 'DEF' },
  { enc: 'A128GCM' },
  { enc: 'A192GCM' },
  { enc: 'A256CBC-HS512' },
  { alg: 'A256KW' },
  { alg: 'dir' },
  { typ: 'JWT' },
  { cty: 'JWT' },
  { p2c: 1 },
])('rejects a JWE that jose encrypted with the same key and %p', async (change) => {
  const jwe = await withJose({ ...CONTEXT, ...change });
  // Without a list of algorithms, jose decrypts it.
  expect(Buffer.from((await compactDecrypt(jwe, key)).plaintext).toString()).toBe(SECRET);
  expect(() => decryptJwe(key, jwe)).toThrow('malformed');
});

interface Lengths {
  readonly iv?: number;
  readonly tag?: number;
  readonly key?: number;
  readonly contentIv?: number;
  readonly contentTag?: number;
  readonly header?: object;
}

/** Returns a JWE whose tags are valid, with parts of other lengths. */
function jweWith({
  iv = 12,
  tag = 16,
  key: size = 32,
  contentIv = 12,
  contentTag = 16,
  header,
}: Lengths): string {
  const gcm = (with_: Buffer, ivBytes: number, tagBytes: number, text: Buffer, aad: string) => {
    const name = with_.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
    const nonce = randomBytes(ivBytes);
    const cipher = createCipheriv(name, with_, nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(aad));
    const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
    return { iv: nonce, ciphertext, tag: cipher.getAuthTag() };
  };
  const contentKey = randomBytes(size);
  const wrapped = gcm(bytes, iv, tag, contentKey, '');
  const encoded = encodeBase64url(
    JSON.stringify({
      ...{ alg: 'A256GCMKW', enc: 'A256GCM', ...CONTEXT },
      ...{ iv: encodeBase64url(wrapped.iv), tag: encodeBase64url(wrapped.tag), ...header },
    }),
  );
  const content = gcm(contentKey, contentIv, contentTag, Buffer.from(SECRET), encoded);
  const parts = [wrapped.ciphertext, content.iv, content.ciphertext, content.tag];
  return [encoded, ...parts.map(encodeBase64url)].join('.');
}

it('decrypts the JWE of these tests', () => {
  expect(decryptJwe(key, jweWith({}))).toBe(SECRET);
});

it.each<Lengths>([
  ...[4, 8, 12, 13, 14, 15].flatMap((length) => [{ tag: length }, { contentTag: length }]),
  ...[1, 8, 13, 16].flatMap((length) => [{ iv: length }, { contentIv: length }]),
  { key: 16 },
  ...['crit', 'zip', 'apu', 'jwk', '__proto__x'].map((name) => ({ header: { [name]: [name] } })),
  { header: { iv: undefined } },
  { header: { tag: undefined } },
  { header: { tag: 1 } },
  { header: { iv: ['a'] } },
])('rejects a JWE with valid tags and %p', (lengths) => {
  expect(() => decryptJwe(key, jweWith(lengths))).toThrow('malformed');
});

it('rejects a truncated or longer tag, and every other spelling', () => {
  const jwe = encryptJwe(key, CONTEXT, SECRET);
  const parts = jwe.split('.');
  const tag = Buffer.from(parts[4] ?? '', 'base64url');
  const withPart = (at: number, part: string) => parts.map((own, i) => (i === at ? part : own)).join('.');
  const others = [
    ...[0, 4, 8, 12, 15].map((length) => withPart(4, encodeBase64url(tag.subarray(0, length)))),
    withPart(4, encodeBase64url(Buffer.concat([tag, Buffer.from([0])]))),
    ...parts.flatMap((part, at) =>
      [`${part}=`, `${part}==`, ` ${part}`, `${part}\n`, ''].map((other) => withPart(at, other)),
    ),
    `${jwe}.`,
    `.${jwe}`,
    `${jwe}.${parts[4]}`,
    parts.slice(0, 4).join('.'),
    withPart(0, encodeBase64url('[]')),
    withPart(0, encodeBase64url('null')),
    withPart(0, encodeBase64url('{')),
    '',
    '....',
    SECRET,
  ];
  for (const other of others) expect(() => decryptJwe(key, other)).toThrow();
});

it('rejects another key', () => {
  expect(() => decryptJwe(createSecretKey(randomBytes(32)), encryptJwe(key, CONTEXT, SECRET))).toThrow();
});

it('finds no header in anything other than a JWE', () => {
  expect(['', 'a', 'a.b', '.', '.a', 'e30=.a', 'W10.a', SECRET].map(readHeader)).toEqual(
    Array(8).fill(undefined),
  );
});
