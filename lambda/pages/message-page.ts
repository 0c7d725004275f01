/** A page with one message: what happened, and what the person can do next. */
import { html, type Content, type Html } from './html';
import { ICONS, type IconName } from './icons';
import { renderShell, type Branding, type RenderedPage } from './shell';

export type Tone = 'good' | 'warn' | 'bad' | 'calm';

export interface Message {
  readonly status: number;
  readonly title: string;
  readonly happened: Content;
  readonly next: Content;
  /** By default, a warning. */
  readonly icon?: IconName;
  readonly tone?: Tone;
  /** Links and forms, the most likely one first. */
  readonly actions?: readonly Html[];
  /** Further content below the text. */
  readonly more?: Html;
}

/** How a message page fits into the pages around it. */
export interface MessageFrame {
  readonly branding?: Branding | undefined;
  readonly home?: string | undefined;
  readonly person?: Html | undefined;
  readonly forms?: boolean;
}

export const linkButton = (href: string, label: Content, look = ''): Html =>
  html`<a class="button ${look}" href="${href}">${label}</a>`;

export function renderMessage(message: Message, frame: MessageFrame = {}): RenderedPage {
  const { status, title, happened, next, icon = 'warning', tone = 'warn', actions = [], more } = message;
  return renderShell({
    ...frame,
    status,
    title,
    single: true,
    main: html`<div class="card">
      <span class="mark ${tone}">${ICONS[icon]}</span>
      <h1>${title}</h1>
      <p>${happened}</p>
      <p class="soft">${next}</p>
      ${more}${actions.length > 0 && html`<div class="actions">${actions}</div>`}
    </div>`,
  });
}
