/** A credential in a response of a target: found in each form, wherever the chunks end, with bounded memory. */
import fc from 'fast-check';
import { EchoRemover } from '../../../lambda/domain/gateway/echo-remover';

const passed = (secret: string, chunks: readonly Uint8Array[]): { text: string; found: boolean } => {
  const remover = new EchoRemover([secret]);
  const parts = chunks.map((chunk) => remover.take(chunk));
  return { text: Buffer.concat([...parts, remover.rest()]).toString('latin1'), found: remover.found };
};

/** Cuts bytes at these positions. */
const cut = (bytes: Uint8Array, positions: readonly number[]): Uint8Array[] => {
  const ends = [...new Set(positions.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length));
};

/** Secrets as servers issue them (RFC 6750 section 2.1), and with characters that encodings treat specially. */
const secrets = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._~+/-]{8,60}={0,2}$/),
  fc.stringMatching(/^[ab]{8,20}$/),
);

/** Those that mean something else when they are decoded. */
const oddSecrets = fc.stringMatching(/^[!-~]{8,30}[a-z]$/);

const everyOctet = (text: string): string =>
  [...Buffer.from(text)].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('');
const unicode = (text: string): string =>
  [...Buffer.from(text)].map((octet) => `\\u00${octet.toString(16).padStart(2, '0')}`).join('');

const FORMS: Record<string, (secret: string) => string> = {
  exact: (secret) => secret,
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (secret) =>
    encodeURIComponent(secret).replace(/%../g, (octet) => octet.toLowerCase()),
  'percent-encoded in every octet': everyOctet,
  'escaped in JSON': (secret) => JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
  'escaped in JSON in every character': unicode,
};

/** Neither begins nor continues a form of a secret. */
const around = fc.stringMatching(/^[\n\t]{0,20}$/);

describe.each(Object.entries(FORMS))('%s', (_form, encode) => {
  it('is removed wherever the chunks end, and nothing else is changed', () => {
    fc.assert(
      fc.property(secrets, around, around, fc.array(fc.nat()), (secret, before, after, positions) => {
        const form = encode(secret);
        const bytes = Buffer.from(before + form + after);
        expect(passed(secret, cut(bytes, positions))).toEqual({
          text: before + '*'.repeat(form.length) + after,
          found: true,
        });
      }),
    );
  });

  it('is removed if the secret has percent signs and backslashes', () => {
    fc.assert(
      fc.property(oddSecrets, fc.array(fc.nat()), (secret, positions) => {
        const bytes = Buffer.from(encode(secret));
        const { text, found } = passed(secret, cut(bytes, positions));
        expect(found).toBe(true);
        expect(text).toHaveLength(bytes.length);
        // The backslash of an escape can remain.
        expect(text).toMatch(/^[*\\]+$/);
      }),
    );
  });
});

describe.each(['base64', 'base64url'] as const)('text in %s', (encoding) => {
  it.each([0, 1, 2])('reveals no byte of the secret after 3n + %i bytes', (before) => {
    fc.assert(
      fc.property(
        secrets,
        fc.nat(5).map((groups) => 'x'.repeat(groups * 3 + before)),
        fc.string({ maxLength: 12 }),
        fc.array(fc.nat()),
        (secret, prefix, suffix, positions) => {
          const bytes = Buffer.from(Buffer.from(prefix + secret + suffix).toString(encoding));
          const { text, found } = passed(secret, cut(bytes, positions));
          expect(found).toBe(true);
          expect(text).toHaveLength(bytes.length);
          // At most the bits of one character remain at each end.
          const first = Math.ceil((prefix.length * 8) / 6);
          const last = Math.floor(((prefix.length + secret.length) * 8) / 6);
          expect(text.slice(first, last)).toMatch(/^\*+$/);
          expect(text.slice(0, first)).toBe(bytes.subarray(0, first).toString());
          expect(text.slice(last)).toBe(bytes.subarray(last).toString());
        },
      ),
    );
  });
});

it('passes everything else unchanged, also what begins like the secret', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[ab]{8,16}$/),
      fc.stringMatching(/^[ab%\\u06]{0,300}$/),
      fc.array(fc.nat()),
      (secret, text, positions) => {
        fc.pre(!new EchoRemover([secret]).ofText(text).includes('*'));
        expect(passed(secret, cut(Buffer.from(text), positions))).toEqual({ text, found: false });
      },
    ),
  );
});

it('finds an occurrence that begins within a failed one, as a plain search does', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ab]{8,10}$/), fc.stringMatching(/^[ab]{0,80}$/), (secret, text) => {
      expect(new EchoRemover([secret]).ofText(text)).toBe(text.replaceAll(secret, '*'.repeat(secret.length)));
    }),
  );
});

it('finds two occurrences, and one in each of two forms', () => {
  const secret = 'tok/en+with=specials';
  const text = `${secret} ${encodeURIComponent(secret)} ${Buffer.from(`Bearer ${secret}`).toString('base64')}`;
  expect(new EchoRemover([secret]).ofText(text)).not.toMatch(/[a-z]{4,}/);
});

it('holds back no more than the beginning of a form, however long the response is', () => {
  const secret = 'A'.repeat(2_000);
  const remover = new EchoRemover([secret]);
  let taken = 0;
  let given = 0;
  for (let count = 0; count < 500; count += 1) {
    const chunk = Buffer.from(`${'A'.repeat(1_999)}\n${'\\u0041'.repeat(900)}%4`);
    taken += chunk.length;
    given += remover.take(chunk).length;
    expect(taken - given).toBeLessThanOrEqual(secret.length * 6 + 6);
  }
  expect(given + remover.rest().length).toBe(taken);
});

it('searches many repetitions of the beginning of a long secret', () => {
  const remover = new EchoRemover([`${'A'.repeat(15_999)}B`]);
  const chunk = Buffer.alloc(65_536, 'A');
  for (let count = 0; count < 128; count += 1) remover.take(chunk);
  expect(remover.take(Buffer.from('B'))).toEqual(Buffer.alloc(16_000, '*'));
});

it('does not search a text that is too short to be a credential', () => {
  expect(new EchoRemover(['abc']).ofText('abc')).toBe('abc');
});

it('a text does not continue the text before it', () => {
  const remover = new EchoRemover(['a-secret-token']);
  const texts = ['ends with a-sec', 'ret-token', 'a-secret-token.'];
  expect(texts.map((text) => remover.ofText(text))).toEqual([
    'ends with a-sec',
    'ret-token',
    '**************.',
  ]);
});
