/**
 * Finds byte patterns in a stream whose chunks end anywhere, and overwrites them. It reads a percent-encoded octet (RFC 3986
 * section 2.1) and an escaped character of JSON (RFC 8259 section 7) as the byte that they stand for, so that a pattern is
 * found in each of these forms and in mixtures of them. It holds back only what can be the beginning of a pattern.
 * Source of the search: Knuth, Morris, and Pratt, "Fast pattern matching in strings" (1977).
 */

/** What takes the place of each byte of an occurrence. The length stays, and with it a Content-Length. */
const FILLER = '*'.charCodeAt(0);

const PERCENT = '%'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);
const U = 'u'.charCodeAt(0);
/** Characters that JSON can escape by a backslash alone, and that mean themselves. */
const SELF_ESCAPED: readonly number[] = [...Buffer.from('"\\/')];

const OCTETS = 256;

/** Percent-encoding, and escapes of JSON. */
export type Encoding = 'percent' | 'json';

export interface PatternForm {
  readonly bytes: Uint8Array;
  /** By each byte: the one that it counts as, such as for those of base64url those of base64. Without it, itself. */
  readonly canonical?: Uint8Array;
}

/** Each byte counts as itself. */
export const EXACT = Uint8Array.from({ length: OCTETS }, (_, octet) => octet);

/** A pattern, with its progress. */
interface Pattern {
  readonly bytes: Uint8Array;
  readonly canonical: Uint8Array;
  /** By the number of matched symbols: how many of them are the beginning of the pattern again. */
  readonly borders: Int32Array;
  matched: number;
}

function bordersOf(bytes: Uint8Array): Int32Array {
  const borders = new Int32Array(bytes.length + 1);
  borders[0] = -1;
  let border = -1;
  for (let at = 0; at < bytes.length; at += 1) {
    while (border >= 0 && bytes[border] !== bytes[at]) border = borders[border] ?? -1;
    border += 1;
    borders[at + 1] = border;
  }
  return borders;
}

const patternOf = ({ bytes, canonical = EXACT }: PatternForm): Pattern => ({
  bytes,
  canonical,
  borders: bordersOf(bytes),
  matched: 0,
});

/** Advances a pattern by one symbol. @returns whether it is complete */
function advance(pattern: Pattern, symbol: number): boolean {
  const { bytes, canonical, borders } = pattern;
  const canonicalSymbol = canonical[symbol];
  let { matched } = pattern;
  while (matched >= 0 && bytes[matched] !== canonicalSymbol) matched = borders[matched] ?? -1;
  pattern.matched = matched + 1;
  return pattern.matched === bytes.length;
}

function hexDigit(byte: number): number {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
}

/** Numbers, first in, first out. Their removal does not move the others, of which there can be as many as a token has bytes. */
class Queue {
  private items: number[] = [];
  private from = 0;

  get length(): number {
    return this.items.length - this.from;
  }

  add(items: readonly number[]): void {
    for (const item of items) this.items.push(item);
  }

  take(count: number): number[] {
    const taken = this.items.slice(this.from, this.from + count);
    this.from += count;
    if (this.from > this.items.length / 2) {
      this.items = this.items.slice(this.from);
      this.from = 0;
    }
    return taken;
  }
}

export class SymbolSearch {
  private readonly patterns: readonly Pattern[];
  /** Whether a byte can begin a symbol at which a pattern begins. */
  private readonly begins = new Uint8Array(OCTETS);
  /** Bytes that can be the beginning of a pattern, and the lengths of their symbols. */
  private readonly held = new Queue();
  private readonly lengths = new Queue();
  /** The incomplete form of a symbol. */
  private readonly escape: number[] = [];
  private out = new Uint8Array(0);
  private outLength = 0;
  private occurrences = 0;

  /** @param decoded the encodings that are read as the bytes that they stand for */
  constructor(
    forms: readonly PatternForm[],
    private readonly decoded: readonly Encoding[],
  ) {
    this.patterns = forms.map(patternOf);
    for (const { bytes, canonical } of this.patterns) {
      for (let octet = 0; octet < OCTETS; octet += 1) {
        if (canonical[octet] === bytes[0]) this.begins[octet] = 1;
      }
    }
    for (const octet of [PERCENT, BACKSLASH]) if (this.startsEscape(octet)) this.begins[octet] = 1;
  }

  /** Whether a pattern was found so far. */
  get found(): boolean {
    return this.occurrences > 0;
  }

  /** Returns the bytes to pass now. */
  take(chunk: Uint8Array): Uint8Array {
    this.out = new Uint8Array(this.held.length + this.escape.length + chunk.length);
    this.outLength = 0;
    let at = 0;
    while (at < chunk.length) {
      const from = at;
      if (this.held.length === 0 && this.escape.length === 0) {
        while (at < chunk.length && this.begins[chunk[at] ?? 0] === 0) at += 1;
        this.pass(chunk.subarray(from, at));
      }
      if (at < chunk.length) {
        this.read(chunk[at] ?? 0);
        at += 1;
      }
    }
    return this.out.subarray(0, this.outLength);
  }

  /** Returns the held-back bytes at the end of the stream. Another stream can follow. */
  rest(): Uint8Array {
    this.out = new Uint8Array(this.held.length + this.escape.length);
    this.outLength = 0;
    this.endEscape();
    this.release(this.lengths.length);
    for (const pattern of this.patterns) pattern.matched = 0;
    return this.out.subarray(0, this.outLength);
  }

  private startsEscape(byte: number): boolean {
    if (byte === PERCENT) return this.decoded.includes('percent');
    return byte === BACKSLASH && this.decoded.includes('json');
  }

  private pass(bytes: ArrayLike<number> & { readonly length: number }): void {
    this.out.set(bytes, this.outLength);
    this.outLength += bytes.length;
  }

  private read(byte: number): void {
    const { escape } = this;
    if (escape.length === 0) {
      if (this.startsEscape(byte)) escape.push(byte);
      else this.symbol(byte, [byte]);
      return;
    }
    const value = this.escaped(byte);
    if (value === 'incomplete') {
      escape.push(byte);
    } else if (value === undefined) {
      this.endEscape();
      this.read(byte);
    } else {
      const bytes = [...escape, byte];
      escape.length = 0;
      this.symbol(value, bytes);
    }
  }

  /** Returns what the escape means with the next byte; undefined if it is none. */
  private escaped(byte: number): number | 'incomplete' | undefined {
    const { escape } = this;
    const digit = hexDigit(byte);
    if (escape[0] === PERCENT) {
      if (digit < 0) return undefined;
      return escape.length === 1 ? 'incomplete' : hexDigit(escape[1] ?? 0) * 16 + digit;
    }
    if (escape.length === 1) {
      if (SELF_ESCAPED.includes(byte)) return byte;
      return byte === U ? 'incomplete' : undefined;
    }
    // The characters of the patterns are the first of Unicode: \u0041.
    if (escape.length <= 3) return byte === ZERO ? 'incomplete' : undefined;
    if (digit < 0) return undefined;
    return escape.length === 4 ? 'incomplete' : hexDigit(escape[4] ?? 0) * 16 + digit;
  }

  /** The bytes of an incomplete escape mean themselves. */
  private endEscape(): void {
    for (const byte of this.escape.splice(0)) this.symbol(byte, [byte]);
  }

  private symbol(value: number, bytes: readonly number[]): void {
    this.held.add(bytes);
    this.lengths.add([bytes.length]);
    let longest = 0;
    let complete = 0;
    for (const pattern of this.patterns) {
      if (advance(pattern, value)) complete = Math.max(complete, pattern.bytes.length);
      longest = Math.max(longest, pattern.matched);
    }
    if (complete === 0) {
      this.release(this.lengths.length - longest);
      return;
    }
    this.release(this.lengths.length - complete);
    this.pass(new Uint8Array(this.held.length).fill(FILLER));
    this.occurrences += 1;
    this.held.take(this.held.length);
    this.lengths.take(this.lengths.length);
    for (const pattern of this.patterns) pattern.matched = 0;
  }

  /** Passes the first held symbols. */
  private release(symbols: number): void {
    if (symbols === 0) return;
    const bytes = this.lengths.take(symbols).reduce((sum, length) => sum + length, 0);
    this.pass(this.held.take(bytes));
  }
}
