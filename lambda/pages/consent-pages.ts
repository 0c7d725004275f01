/**
 * The pages that a person can see during consent, which say what happened and what to do. They are plain HTML, without
 * scripts and without external resources.
 */
import { createHash } from 'node:crypto';
import type { ConsentPage } from '../domain/consent/browser';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #dfe4ea; --paper: #ffffff; --ground: #f4f6f8; --accent: #1f5eff; --mark: #b4540a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf1; --soft: #a3afbd; --line: #2c3541; --paper: #171d25; --ground: #0f141a; --accent: #7aa2ff; --mark: #f0a35e; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif; }
main { width: 100%; max-width: 30rem; padding: 2.25rem; background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; }
.mark { display: inline-grid; place-items: center; width: 2.75rem; height: 2.75rem; border-radius: 50%; border: 2px solid var(--mark); color: var(--mark); font-weight: 700; font-size: 1.25rem; }
h1 { margin: 1.25rem 0 .5rem; font-size: 1.4rem; line-height: 1.3; }
p { margin: .5rem 0; }
.next { color: var(--soft); }
a.button { display: inline-block; margin-top: 1.25rem; padding: .65rem 1.25rem; border-radius: .6rem; background: var(--accent); color: var(--paper); font-weight: 600; text-decoration: none; }
a.button:focus-visible { outline: 3px solid var(--mark); outline-offset: 3px; }
footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
code { font-family: ui-monospace, monospace; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Allows only this style sheet, and no framing, which prevents clickjacking. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

interface PageContent {
  readonly status: number;
  readonly title: string;
  /** HTML; every value in it escaped. */
  readonly happened: string;
  /** What the person can do. */
  readonly next: string;
  readonly returnTo?: string;
}

function contentOf(page: ConsentPage): PageContent {
  switch (page.name) {
    case 'link-ended':
      return {
        status: 410,
        title: 'This link is no longer valid',
        happened: 'A link to grant access works for a few minutes. This link is too old or was never issued.',
        next: 'Go back to the application and ask your agent again for a new link. If you have answered this one already, your answer stands.',
      };
    case 'opened-too-often':
      return {
        status: 410,
        title: 'This link was opened too often',
        happened:
          'This link was opened too many times without an answer, so it no longer works. Nothing was granted.',
        next: 'Go back to the application and ask your agent again for a new link.',
      };
    case 'already-answered':
      return {
        status: 409,
        title: 'This link was already used',
        happened: 'This access request was answered, and it cannot be answered again.',
        next:
          page.returnTo === undefined
            ? 'If you answered it in another browser, go back to the application there. Otherwise, wait a minute and ask your own agent for a new link.'
            : 'Go back to the application to see the result. If there is none after a minute, ask your agent again.',
        ...(page.returnTo !== undefined && { returnTo: page.returnTo }),
      };
    case 'response-rejected':
      return {
        status: 400,
        title: 'This response could not be verified',
        happened:
          'The response does not belong to the latest request in this browser, or it was used before. It was ignored.',
        next: 'If you opened the link in another tab or browser too, only the latest one counts: continue there. Otherwise, open the link again, or ask your agent for a new one.',
      };
    case 'not-reached':
      return {
        status: 502,
        title: 'The access request could not be sent',
        happened: `The access request could not be sent to <strong>${escape(page.provider)}</strong>: <code>${escape(page.error)}</code>. Nothing was granted.`,
        next: 'Open the link again in a moment; it works for a few minutes. If the error persists, send this message to application support.',
      };
    case 'request-rejected':
      return {
        status: 502,
        title: 'The access request was rejected',
        happened: `The access request to <strong>${escape(page.provider)}</strong> was rejected: <code>${escape(page.error)}</code>. Nothing was granted, and this link no longer works.`,
        next: 'Opening the link again does not help. Send this message to application support: the settings of the provider or of the request must be corrected first. Then ask your agent again.',
      };
    case 'not-granted': {
      const declined = page.error === 'access_denied';
      return {
        status: 200,
        title: declined ? 'Access was not granted' : 'The provider did not grant access',
        happened: declined
          ? `The request for access to <strong>${escape(page.provider)}</strong> was declined, and your agent has none.`
          : `<strong>${escape(page.provider)}</strong> answered with <code>${escape(page.error)}</code>. Your agent has no access.`,
        next: declined
          ? 'If that is what you wanted, there is nothing more to do. To grant access after all, ask your agent again.'
          : 'Ask your agent again. If the error persists, send this message to application support.',
        returnTo: page.returnTo,
      };
    }
  }
}

/** Returns the HTTP status and the HTML document. */
export function renderPage(page: ConsentPage): { status: number; html: string } {
  const { status, title, happened, next, returnTo } = contentOf(page);
  const button =
    returnTo === undefined ? '' : `<a class="button" href="${escape(returnTo)}">Back to the application</a>`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<span class="mark" aria-hidden="true">!</span>
<h1>${title}</h1>
<p>${happened}</p>
<p class="next">${next}</p>
${button}
<footer>This page comes from the identity service that stores what you grant to your agents.</footer>
</main>
</body>
</html>
`;
  return { status, html };
}
