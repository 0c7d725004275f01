/** The frame of every example page, and the response headers. */
import type { ServerResponse } from 'node:http';
import { html, styleElement, type Html } from '../../lambda/pages/html';
import { STYLESHEET, STYLESHEET_SOURCE } from './stylesheet';

export interface Brand {
  readonly id: 'fernhill' | 'fernhill-id' | 'almanac';
  readonly name: string;
  /** Square mark, drawn in `currentColor`. */
  readonly mark: Html;
  /** The line at the foot of each page: the role of this party in the example. */
  readonly footnote: string;
}

const fern = html`<svg viewBox="0 0 32 32" aria-hidden="true">
  <rect width="32" height="32" rx="9" fill="currentColor" />
  <path
    d="M16 26V9m0 6c-4 0-6-2-6-5 3 0 6 1 6 5Zm0 6c-4 0-6-2-6-5 3 0 6 1 6 5Zm0-6c4 0 6-2 6-5-3 0-6 1-6 5Zm0 6c4 0 6-2 6-5-3 0-6 1-6 5Z"
    fill="none"
    stroke="Canvas"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
  />
</svg>`;

const calendar = html`<svg viewBox="0 0 32 32" aria-hidden="true">
  <rect width="32" height="32" rx="9" fill="currentColor" />
  <path
    d="M8 12.5h16M11.5 7v4M20.5 7v4M10 9h12a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2V11a2 2 0 0 1 2-2Zm2.5 8h3m3 0h1m-7 3.5h3"
    fill="none"
    stroke="Canvas"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
  />
</svg>`;

/** The example application. */
export const FERNHILL: Brand = {
  id: 'fernhill',
  name: 'Fernhill Assistant',
  mark: fern,
  footnote: 'An example application. Nothing here leaves this machine.',
};

/** The organization's OIDC provider, where its people sign in. */
export const FERNHILL_ID: Brand = {
  id: 'fernhill-id',
  name: 'Fernhill ID',
  mark: fern,
  footnote:
    'The identity provider of an example organization. It signs users in, and has no access to their calendars.',
};

/** The calendar product of another company, with its own accounts. */
export const ALMANAC: Brand = {
  id: 'almanac',
  name: 'Almanac',
  mark: calendar,
  footnote: 'An example calendar product of a company other than Fernhill.',
};

export interface Page {
  readonly brand: Brand;
  readonly title: string;
  readonly body: Html;
  /** Shown at the right of the top bar. */
  readonly account?: Html;
  /** For forms and questions that read better in a narrow column. */
  readonly narrow?: boolean;
}

/** The policy names the hash of the exact text between the tags. */
const STYLE = styleElement(STYLESHEET);

/** Marks where the streamed parts go, while the frame is rendered. */
const GROWING = html`<!-- growing -->`;

/** The whole document, as text. */
export function renderPage({ brand, title, body, account, narrow }: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${brand.name}</title>
        ${STYLE}
      </head>
      <body data-brand="${brand.id}">
        <header class="top">
          <span class="brand">${brand.mark} ${brand.name}</span>
          ${account}
        </header>
        <main class="${narrow === true ? 'narrow' : 'regular'}">${body}</main>
        <footer class="foot">${brand.footnote}</footer>
      </body>
    </html>`.source;
}

const policyWith = (formActions: string): string =>
  `default-src 'none'; style-src ${STYLESHEET_SOURCE}; form-action ${formActions}; frame-ancestors 'none'; base-uri 'none'`;

/** Sources of the policy for redirects from one example to the next: any port of this computer. */
const EXAMPLES = "'self' http://127.0.0.1:*";

/**
 * The headers of every page. `form-action` also covers the redirects that follow a form (CSP 3, section 6.4.2).
 * The referrer policy keeps `state` and `session_id` out of Referer, but still sends the Origin of a form.
 */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': policyWith(EXAMPLES),
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const;

/** @param redirectUri where the forms of the page lead to in the end, such as the redirect URI of a client */
export function sendPage(response: ServerResponse, status: number, page: Page, redirectUri?: string): void {
  const target = redirectUri === undefined ? undefined : new URL(redirectUri);
  // The URL of an application on the device has a scheme, and no origin.
  const source = target?.origin === 'null' ? target.protocol : target?.origin;
  response.writeHead(status, {
    ...PAGE_HEADERS,
    // A host can contain characters that mean something else in a policy.
    ...(source !== undefined &&
      /^[a-z0-9.:/[\]-]+$/.test(source) && {
        'content-security-policy': policyWith(`${EXAMPLES} ${source}`),
      }),
  });
  response.end(renderPage(page));
}

/**
 * Sends a page in parts, each as soon as it is available. Browsers show a document as it arrives, so this needs no
 * script.
 *
 * @param page its body comes before the first part.
 */
export async function streamPage(
  response: ServerResponse,
  page: Page,
  parts: AsyncIterable<Html>,
): Promise<void> {
  const [before = '', after] = renderPage({ ...page, body: html`${page.body}${GROWING}` }).split(
    GROWING.source,
  );
  response.writeHead(200, PAGE_HEADERS);
  response.write(before);
  for await (const { source } of parts) {
    // The browser disconnected. The run continues without this page.
    if (response.closed) return;
    response.write(source);
  }
  response.end(after);
}

/** Sends 303 See Other, so that the browser continues with GET after any request method. */
export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, 'cache-control': 'no-store' });
  response.end();
}
