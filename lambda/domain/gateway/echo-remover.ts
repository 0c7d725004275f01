/**
 * Removes a credential from what a target sends, so that no target can show it to the agent: as it is, percent-encoded,
 * escaped in JSON, and within text in base64 or base64url (RFC 4648). Other encodings are not recognized.
 */
import { MIN_SECRET_LENGTH } from '../oauth/echoed-secret';
import { EXACT, SymbolSearch, type Encoding, type PatternForm } from './symbol-search';

/** The characters in which base64url differs from base64 count as those of base64. */
const BASE64URL = EXACT.slice();
BASE64URL['-'.charCodeAt(0)] = '+'.charCodeAt(0);
BASE64URL['_'.charCodeAt(0)] = '/'.charCodeAt(0);

/** Base64 encodes 3 bytes in 4 characters. */
const BYTES_OF_GROUP = 3;
const BITS_OF_CHARACTER = 6;

/**
 * Returns the characters of base64 that depend on the secret only, whatever text precedes and follows it.
 *
 * @param before bytes of the same group that precede the secret
 */
function base64Form(secret: Uint8Array, before: number): PatternForm {
  const text = Buffer.concat([Buffer.alloc(before), secret]);
  const first = Math.ceil((before * 8) / BITS_OF_CHARACTER);
  const last = Math.floor((text.length * 8) / BITS_OF_CHARACTER);
  return { bytes: Buffer.from(text.toString('base64').slice(first, last)), canonical: BASE64URL };
}

const PARTLY_DECODED: readonly (readonly Encoding[])[] = [[], ['percent'], ['json']];

const searchesFor = (secret: string): SymbolSearch[] => {
  if (secret.length < MIN_SECRET_LENGTH) return [];
  const bytes = Buffer.from(secret);
  const exact = { bytes };
  const base64 = Array.from({ length: BYTES_OF_GROUP }, (_, before) => base64Form(bytes, before));
  return [
    // A secret that contains such characters means something else when they are decoded.
    ...(/[%\\]/.test(secret) ? PARTLY_DECODED.map((decoded) => new SymbolSearch([exact], decoded)) : []),
    new SymbolSearch([exact, ...base64], ['percent', 'json']),
  ];
};

const NOTHING = new Uint8Array(0);

export class EchoRemover {
  private readonly searches: readonly SymbolSearch[];
  /** For whole texts, which come in the midst of a stream. */
  private texts: EchoRemover | undefined;

  /** @param secrets of which a short one, which no server issues, is not searched: it can be a part of any response */
  constructor(private readonly secrets: readonly string[]) {
    this.searches = secrets.flatMap(searchesFor);
  }

  /** Whether the secret was found so far. */
  get found(): boolean {
    return this.searches.some(({ found }) => found);
  }

  /** Returns the bytes to pass now. Asterisks take the place of the secret. */
  take(chunk: Uint8Array): Uint8Array {
    return this.searches.reduce((bytes, search) => search.take(bytes), chunk);
  }

  /** Returns the held-back bytes at the end of the stream. */
  rest(): Uint8Array {
    return this.searches.reduce<Uint8Array>(
      (bytes, search) => Buffer.concat([search.take(bytes), search.rest()]),
      NOTHING,
    );
  }

  /** Returns a whole text without the secret. */
  ofText(text: string): string {
    const texts = (this.texts ??= new EchoRemover(this.secrets));
    return Buffer.concat([texts.take(Buffer.from(text)), texts.rest()]).toString('utf8');
  }
}
