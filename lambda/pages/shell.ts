/**
 * The shell of every page that a person sees: plain HTML without external resources. The content security policy allows
 * style sheets, and the script of a live page, by their hashes, and nothing else that the page does not have.
 */
import { createHash } from 'node:crypto';
import { html, scriptElement, styleElement, type Html } from './html';
import { brandStyle, STYLE } from './style-sheet';

/** How a page looks to people of one operator. */
export interface Branding {
  /** The operator's name for the service. */
  readonly name?: string | undefined;
  /** `#rrggbb` */
  readonly color?: string | undefined;
  /** `data:` URI of an image. */
  readonly logo?: string | undefined;
}

/** A page for the browser. */
export interface RenderedPage {
  /** HTTP status. */
  readonly status: number;
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

export interface PageContent {
  readonly status: number;
  /** What happened. It is the first part of the document's title; pages have it as their first heading, too. */
  readonly title: string;
  readonly main: Html;
  readonly branding?: Branding | undefined;
  /** Address of the operator's name in the header. */
  readonly home?: string | undefined;
  /** The signed-in person's controls in the header. */
  readonly person?: Html | undefined;
  /** Whether the page has one card in the middle instead of a list. */
  readonly single?: boolean;
  /** Whether the page has forms, which then can post only to this service. */
  readonly forms?: boolean;
  /** Further style sheet. */
  readonly style?: string;
  /** The page's only script, which can send requests to this service. */
  readonly script?: string;
}

const hashOf = (source: string): string => `'sha256-${createHash('sha256').update(source).digest('base64')}'`;

const STYLE_HASH = hashOf(STYLE);

/** Allows no framing, which prevents clickjacking. */
function policy(styles: readonly string[], { branding, forms, script }: PageContent): string {
  return [
    "default-src 'none'",
    `style-src ${styles.join(' ')}`,
    // The icon of the address, and the operator's logo.
    `img-src 'self'${branding?.logo === undefined ? '' : ' data:'}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
    "base-uri 'none'",
    `form-action ${forms ? "'self'" : "'none'"}`,
    "frame-ancestors 'none'",
  ].join('; ');
}

const FOOTER = 'This page comes from the identity service that stores what you grant to your agents.';

function header({ branding = {}, home, person }: PageContent): Html | undefined {
  const { name, logo } = branding;
  if (name === undefined) return undefined;
  // The name is next to the logo, so the logo needs no text.
  const operator = html`${logo !== undefined && html`<img src="${logo}" alt="" />`}<span>${name}</span>`;
  return html`<header class="bar">
    <div>
      ${
        home === undefined
          ? html`<span class="operator">${operator}</span>`
          : html`<a class="operator" href="${home}">${operator}</a>`
      }${person}
    </div>
  </header>`;
}

/** Returns the status, the document, and its content security policy. */
export function renderShell(page: PageContent): RenderedPage {
  const { status, title, main, branding, single = false, style = '', script } = page;
  const brand = brandStyle(branding?.color);
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${branding?.name === undefined ? title : `${title} – ${branding.name}`}</title>
        ${styleElement(STYLE)}${styleElement(brand)}${style !== '' && styleElement(style)}
      </head>
      <body class="${single ? 'single' : 'wide'}">
        ${!single && html`<a class="skip" href="#main">Skip to the content</a>`} ${header(page)}
        <main id="main" tabindex="-1">${main}</main>
        <footer><div>${FOOTER}</div></footer>
        ${script !== undefined && scriptElement(script)}
      </body>
    </html> `;
  return {
    status,
    html: document.source,
    contentSecurityPolicy: policy(
      [STYLE_HASH, hashOf(brand), ...(style === '' ? [] : [hashOf(style)])],
      page,
    ),
  };
}
