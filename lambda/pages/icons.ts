/** Icons next to words. They are decoration: the word alone says everything, so screen readers skip them. */
import { html, type Html } from './html';

const icon = (paths: Html): Html =>
  html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${paths}</svg>`;

export const ICONS = {
  check: icon(html`<path d="M4.5 10.5l3.6 3.6 7.4-8" />`),
  circle: icon(html`<circle cx="10" cy="10" r="6.5" />`),
  clock: icon(html`<circle cx="10" cy="10" r="7" /><path d="M10 6v4.2l2.8 1.8" />`),
  cross: icon(html`<path d="M5.5 5.5l9 9m0-9l-9 9" />`),
  info: icon(html`<circle cx="10" cy="10" r="7.25" /><path d="M10 9.2v4.3M10 6.3v.4" />`),
  link: icon(
    html`<path
      d="M8.2 11.8a3.2 3.2 0 004.5 0l2.6-2.6a3.2 3.2 0 00-4.5-4.5L9.7 5.8M11.8 8.2a3.2 3.2 0 00-4.5 0l-2.6 2.6a3.2 3.2 0 004.5 4.5l1.1-1.1"
    />`,
  ),
  pause: icon(html`<circle cx="10" cy="10" r="7.25" /><path d="M8 7.2v5.6M12 7.2v5.6" />`),
  shield: icon(
    html`<path d="M10 2.6l6 2.2v4.6c0 3.7-2.5 6.6-6 8-3.5-1.4-6-4.3-6-8V4.8z" /><path
        d="M7.2 9.9l2 2 3.6-3.9"
      />`,
  ),
  warning: icon(html`<path d="M10 3.2l7.2 12.9H2.8z" /><path d="M10 8.2v3.6M10 13.9v.3" />`),
} as const;

export type IconName = keyof typeof ICONS;
