/**
 * Searches large texts for many secrets. A part of a secret is found, too: any {@link FOUND_LENGTH} characters of one of
 * its forms.
 */
import { formsOf } from './encodings';

/** Length of the parts that the search compares. */
const WINDOW = 16;
/** Distance between two parts of a form. */
const STRIDE = 8;
/** Each part of a secret with this length is found. */
export const FOUND_LENGTH = WINDOW + STRIDE - 1;

/** Bits of a filter that tells at most positions that no part ends there. */
const FILTER_BITS = 1 << 21;
const MULTIPLIER = 0x01000193;

/** The multiplier to the power of the window's length, for the character that leaves it. */
const LEAVING = Array.from({ length: WINDOW }).reduce<number>((power) => Math.imul(power, MULTIPLIER), 1);

const bitOf = (hash: number): number => ((hash ^ (hash >>> 15)) >>> 0) % FILTER_BITS;

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, MULTIPLIER) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Returns parts of a form, of which each longer part of the form contains one. */
function partsOf(form: string): string[] {
  const last = form.length - WINDOW;
  const parts: string[] = [];
  for (let at = 0; at < last; at += STRIDE) parts.push(form.slice(at, at + WINDOW));
  return [...parts, form.slice(last)];
}

/** A secret of words, as tests make them up, has parts that are in other texts, too. It is found only as a whole. */
const isRandom = (secret: string): boolean =>
  /^[\da-f]{32,}$/.test(secret) || [/\d/, /[a-z]/, /[A-Z]/].every((characters) => characters.test(secret));

export class SecretSearch<Mark> {
  private readonly filter = new Uint8Array(FILTER_BITS / 8);
  /** By part of a secret; with the whole forms if a part is not enough. */
  private readonly marks = new Map<string, { readonly mark: Mark; readonly whole: readonly string[] }[]>();

  /**
   * @param mark what a find reports
   * @returns whether the secret is long enough to be searched for
   */
  add(secret: string | Buffer, mark: Mark): boolean {
    if (secret.length < WINDOW) return false;
    const forms = formsOf(secret);
    const whole = typeof secret === 'string' && !isRandom(secret) ? forms : [];
    for (const part of new Set(forms.flatMap(partsOf))) {
      this.marks.set(part, [...(this.marks.get(part) ?? []), { mark, whole }]);
      const bit = bitOf(hashOf(part));
      this.filter[bit >> 3] = this.filter[bit >> 3]! | (1 << (bit & 7));
    }
    return true;
  }

  /** @returns the marks of the secrets in these bytes, each once */
  find(bytes: Buffer): Set<Mark> {
    const found = new Set<Mark>();
    // Of words that are in the bytes in part only. A secret of one repeated character would be compared at each position.
    const absent = new Set<Mark>();
    let hash = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      hash = (Math.imul(hash, MULTIPLIER) + bytes[at]!) | 0;
      if (at >= WINDOW) hash = (hash - Math.imul(LEAVING, bytes[at - WINDOW]!)) | 0;
      if (at < WINDOW - 1) continue;
      const bit = bitOf(hash);
      if ((this.filter[bit >> 3]! & (1 << (bit & 7))) === 0) continue;
      for (const { mark, whole } of this.marks.get(bytes.toString('latin1', at - WINDOW + 1, at + 1)) ?? []) {
        if (found.has(mark) || absent.has(mark)) continue;
        const isFound = whole.length === 0 || whole.some((form) => bytes.includes(form, 'latin1'));
        (isFound ? found : absent).add(mark);
      }
    }
    return found;
  }
}
