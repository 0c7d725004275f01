/**
 * HTML that is always escaped: an `html` template escapes every value except the result of another `html` template.
 */

/** Markup that is safe to send: created by `html`, or marked as safe by `trustedHtml`. */
export class Html {
  constructor(readonly markup: string) {}
}

type Interpolation = Html | string | number | readonly Html[] | undefined;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

function render(value: Interpolation): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  return value.map((part) => part.markup).join('');
}

/**
 * Template tag that escapes every interpolated string, in text and in double-quoted attributes alike.
 * `undefined` renders as nothing, so that an optional part needs no ternary.
 */
export function html(strings: TemplateStringsArray, ...values: Interpolation[]): Html {
  return new Html(strings.reduce((markup, text, index) => markup + render(values[index - 1]) + text));
}

/** Marks markup that is already escaped, such as the sign-out form of oidc-provider. */
export const trustedHtml = (markup: string): Html => new Html(markup);
