/** HTML that is safe by construction: every value in a template is escaped unless it is HTML already. */

/** A piece of HTML. Text becomes one only on purpose: by this constructor, without an escape. */
export class Html {
  /** @param source HTML that is safe already. For text, use {@link html}. */
  constructor(readonly source: string) {}
}

/** What a template can contain: HTML, text, pieces of both, or nothing. */
export type Content = Html | string | readonly Content[] | undefined | false;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

function sourceOf(content: Content): string {
  if (content === undefined || content === false) return '';
  if (typeof content === 'string') return escape(content);
  return content instanceof Html ? content.source : content.map(sourceOf).join('');
}

/** Returns HTML. Values are escaped, for text and for quoted attributes; a template must not have unquoted attributes. */
export const html = (template: TemplateStringsArray, ...values: readonly Content[]): Html =>
  new Html(template.map((part, index) => (index === 0 ? part : sourceOf(values[index - 1]) + part)).join(''));

/** Returns a style element. A style sheet is not escaped, so it must not be able to end the element. */
export function styleElement(css: string): Html {
  if (css.includes('<')) throw new Error('A style sheet must not contain "<".');
  return new Html(`<style>${css}</style>`);
}

/** Returns a script element. As {@link styleElement}. */
export function scriptElement(script: string): Html {
  if (script.includes('<')) throw new Error('A script must not contain "<".');
  return new Html(`<script>${script}</script>`);
}
