/**
 * HTML escaped by construction: whatever is put into an `html` template is escaped, unless it is itself
 * the result of one. There is no way to forget.
 */

/** Markup that is safe to send: made by `html`, or vouched for by `trustedHtml`. */
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

/** Markup that someone else has escaped already, such as the sign-out form that oidc-provider hands over. */
export const trustedHtml = (markup: string): Html => new Html(markup);
