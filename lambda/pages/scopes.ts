/** Scopes in plain words where they are known, and as they are otherwise. */
import { html, type Html } from './html';
import { ICONS } from './icons';
import { descriptionOf } from './scope-descriptions';

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const item = (content: Html): Html => html`<li>${ICONS.check}<span>${content}</span></li>`;

/** Scopes with the same description are one entry. */
export function scopeList(scopes: readonly string[]): Html {
  const described = [...new Set(scopes.flatMap((scope) => descriptionOf(scope) ?? []))];
  const unknown = scopes.filter((scope) => descriptionOf(scope) === undefined);
  return html`<ul class="scopes">
    ${described.map((text) => item(html`${capitalized(text)}`))}${unknown.map((scope) =>
      item(html`Use the permission <code>${scope}</code>`),
    )}
  </ul>`;
}

/** Returns a section, or nothing for no scopes: then the provider alone decides what it asks for. */
export const renderScopes = (scopes: readonly string[], heading: string): Html =>
  scopes.length === 0
    ? html``
    : html`<section class="section">
        <h2>${heading}</h2>
        ${scopeList(scopes)}
      </section>`;
