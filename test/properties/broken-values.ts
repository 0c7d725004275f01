/** Changes that break a request or a response: of one member, of the JSON text, and of the bytes of the body. */
import fc from 'fast-check';
import { MARKER } from './request-values';

/** A secret that a caller used as the name of a member. Errors repeat names to their caller, and no log has them. */
export const MARKED_NAME = 'Misplaced-Secret-9rTw2LmB';

export const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** JSON texts of values that few members accept. Some of them no JavaScript value has. */
export const ODD_JSON: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1.5', '1e999', '-1e999', '9007199254740993', '1e308'],
  ...[
    '""',
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ufeff"',
    '"\\u202e"',
    '"é\u0301"',
    '"\u{1f511}"',
  ],
  ...['[]', '{}', '[null]', '[[]]', '[{}]', '{"a":{}}', '{"":""}', '["a","a"]'],
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{}}}', '{"toString":1,"length":1e9}'],
  ...['{"then":1}', '{"toJSON":"a"}', '["__proto__"]', '"__proto__"', '"constructor"', '"toString"'],
  ...[
    '"*"',
    '"../../a"',
    '"%00"',
    '"%"',
    '"a\\r\\nset-cookie: a=b"',
    '"<script>"',
    '"${a}"',
    '"arn:aws:iam::"',
  ],
  '"http://127.0.0.1:1/"',
  '"2026-11-27T00:00:00Z"',
  `"${'a'.repeat(5000)}"`,
  `"${'\u{1f511}'.repeat(2000)}"`,
  `[${Array.from({ length: 2000 }, () => '1').join()}]`,
  `{${Array.from({ length: 500 }, (_, index) => `"k${index}":1`).join()}}`,
  nested(50),
  nested(20_000),
  `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
];

const ODD_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '',
  ' ',
  'a.b',
  '\\ud800',
  '\\u0000',
  MARKED_NAME,
];

/** A change of one place of a JSON document. The place is a number, because the document is known only when the case runs. */
export type Change =
  | { readonly kind: 'replace'; readonly place: number; readonly json: string }
  | { readonly kind: 'remove'; readonly place: number }
  | { readonly kind: 'extend'; readonly place: number; readonly times: number }
  | { readonly kind: 'add' | 'repeat'; readonly place: number; readonly name: string; readonly json: string };

const place = fc.nat({ max: 10_000 });

/** @param json texts of the values that changed places get */
export const changed = (json: fc.Arbitrary<string>): fc.Arbitrary<Change> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('replace' as const), place, json }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), place }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('extend' as const),
        place,
        times: fc.constantFrom(2, 100, 3000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        place,
        name: fc.constantFrom(...ODD_NAMES),
        json: fc.oneof(json, fc.constant(`"${MARKER}"`)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('repeat' as const), place, name: fc.constant(''), json }),
    },
  );

export const change = changed(fc.constantFrom(...ODD_JSON));

/** One value of a document, with what is around it. */
interface Place {
  readonly parent: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

/** Takes the place, in the text, of JSON that no JavaScript value has. */
const PLACEHOLDER = '@@json:';

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown> | unknown[];
  const entries: [string | number, unknown][] = Array.isArray(parent)
    ? [...parent.entries()]
    : Object.entries(parent);
  return entries.flatMap(([key, part]) => [{ parent, key }, ...placesIn(part)]);
}

const at = ({ parent, key }: Place): unknown => (parent as Record<string, unknown>)[key];
const put = ({ parent, key }: Place, value: unknown): void => {
  (parent as Record<string, unknown>)[key] = value;
};

/** Most characters of an extended text. */
const MAX_TEXT = 200_000;

/** Returns the JSON text of a document with these changes. */
export function changedText(document: object, changes: readonly Change[]): string {
  const root = { document: structuredClone(document) as unknown };
  const texts: string[] = [];
  const placeholder = (json: string): string => `${PLACEHOLDER}${texts.push(json) - 1}@`;
  for (const each of changes) {
    const places = placesIn(root);
    const chosen = places[each.place % places.length];
    if (!chosen) continue;
    switch (each.kind) {
      case 'replace':
        put(chosen, placeholder(each.json));
        break;
      case 'remove':
        if (Array.isArray(chosen.parent)) chosen.parent.splice(Number(chosen.key), 1);
        else if (chosen.parent !== root) Reflect.deleteProperty(chosen.parent, chosen.key);
        break;
      case 'extend': {
        const value = at(chosen);
        if (typeof value === 'string') {
          const times = Math.min(each.times, Math.ceil(MAX_TEXT / Math.max(value.length, 1)));
          put(chosen, value.repeat(times).slice(0, MAX_TEXT));
        }
        if (Array.isArray(value) && value.length > 0)
          put(chosen, Array.from({ length: Math.min(each.times, 300) }, () => value as unknown).flat());
        break;
      }
      case 'add':
      case 'repeat': {
        const { parent, key } = chosen;
        const within = Array.isArray(parent) ? root.document : parent;
        if (typeof within !== 'object' || within === null || within === root) break;
        // Two members of one name: a placeholder becomes the name, so that the object keeps both.
        const name = each.kind === 'repeat' ? String(key) : each.name;
        // A tag is no secret: its owner gets it back.
        const json = within === (root.document as { tags?: unknown }).tags ? '"tag"' : each.json;
        (within as Record<string, unknown>)[placeholder(`"${name}"`)] = placeholder(json);
        break;
      }
    }
  }
  return JSON.stringify(root.document).replaceAll(
    /"@@json:(\d+)@"/g,
    (_, index) => texts[Number(index)] ?? 'null',
  );
}

/** A change of the body as a whole. */
export const bodyChange = fc.constantFrom<(body: Buffer) => Buffer>(
  ...[
    (body: Buffer) => body.subarray(0, Math.floor(body.length / 2)),
    (body: Buffer) => Buffer.concat([body, body]),
    (body: Buffer) => Buffer.concat([Buffer.from('\ufeff'), body]),
    (body: Buffer) => Buffer.concat([body, Buffer.from([0xff, 0xfe, 0xc0, 0x80])]),
    (body: Buffer) => Buffer.from(body.map((byte, index) => (index % 7 === 3 ? byte ^ 0x80 : byte))),
    (body: Buffer) => Buffer.from(`[${body.toString()}]`),
    (body: Buffer) => Buffer.from(JSON.stringify(body.toString())),
    (body: Buffer) => Buffer.from(body.toString(), 'utf16le'),
    () => Buffer.alloc(0),
    () => Buffer.from('null'),
    () => Buffer.from(nested(100_000)),
    () => Buffer.from('{"a":'.repeat(50_000)),
    () => Buffer.from(`${MARKER}=${MARKER}&a=b`),
    () => Buffer.from(`<xml>${MARKER}</xml>`),
    () => Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  ],
);
