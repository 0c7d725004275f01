/** What the pages of the console have in common: the header, the navigation, tables, and text of other parties. */
import { shownText } from '../domain/display-name';
import { html, type Content, type Html } from './html';
import { renderShell, type RenderedPage } from './shell';

const SECTIONS = [
  ['overview', 'Overview'],
  ['agents', 'Agents'],
  ['people', 'People'],
  ['providers', 'Providers'],
  ['grants', 'Grants'],
  ['audit', 'Audit'],
] as const;

const STYLE = `
.bar>div,main,footer>div{max-width:76rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
nav{margin-bottom:1.5rem}
nav a[aria-current]{font-weight:700;color:inherit}
.scroll{overflow-x:auto;margin-top:1rem}
table{width:100%;border-collapse:collapse;background:var(--paper);border:1px solid var(--line)}
th,td{padding:.5rem .75rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-size:.925rem}
td{overflow-wrap:break-word;min-width:5rem;max-width:22rem}
td .status{white-space:nowrap}
caption{text-align:left}
.filters{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end;margin:1rem 0}
.filters label{display:grid;gap:.2rem;font-size:.9rem}
input,select{min-height:2.35rem;padding:.3rem .6rem;border:1px solid var(--field);border-radius:.5rem;background:var(--paper);color:var(--ink);font:inherit;max-width:100%}
.numbers{display:flex;flex-wrap:wrap;gap:1rem;margin:1rem 0}
.numbers li{padding:.75rem 1.25rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem}
.numbers strong{display:block;font-size:1.5rem}
.picture{width:100%;min-width:36rem;height:auto;background:var(--paper)}
.picture rect{fill:var(--ground);stroke:var(--field)}
.picture path{fill:none;stroke:var(--edge)}
.picture text{fill:var(--ink);font-size:13px}
.steps{display:grid;grid-template-columns:minmax(0,1fr);overflow-wrap:anywhere;gap:.75rem;margin-top:1rem}
.steps li{padding:.75rem 1.25rem;background:var(--paper);border:1px solid var(--line);border-left:.35rem solid var(--edge);border-radius:.5rem}
section{margin-top:2rem}
`;

/** Characters of another party's text that a page shows. */
const MAX_TEXT = 200;

/** Returns text of another party: of bounded length, and with a mark in place of each character that hides or reorders others. */
export function bounded(text: unknown, max = MAX_TEXT): string {
  if (text === undefined || text === null) return '';
  const characters = [...shownText(typeof text === 'string' ? text : JSON.stringify(text)).slice(0, max * 2)];
  return characters.length > max ? `${characters.slice(0, max).join('')}…` : characters.join('');
}

/**
 * Returns a link to a page of the console. Every address is relative, and every page is in the same folder, whose name is
 * the secret of the session: so no page contains the secret.
 */
export const pageLink = (page: string, text: Content): Html => html`<a href="${page}">${text}</a>`;

/** Characters of a person's hash in tables. The person's page has all of it. */
const SHORT_HASH = 10;

/** Returns a link to the page of a resource or a person; empty without a name. */
export const linkTo = (kind: 'agents' | 'people' | 'providers', name: string | undefined): Html | string =>
  name === undefined || name === ''
    ? ''
    : pageLink(
        `${kind}?name=${encodeURIComponent(name)}`,
        kind === 'people' ? bounded(name, SHORT_HASH) : bounded(name),
      );

/** @param seconds epoch seconds */
export function shownTime(seconds: number | undefined): Html | string {
  const time = seconds === undefined ? undefined : new Date(seconds * 1000);
  if (!time || Number.isNaN(time.getTime())) return '';
  const text = time.toISOString().slice(0, 19).replace('T', ' ');
  return html`<time datetime="${time.toISOString()}">${text} UTC</time>`;
}

/** @param caption says what the table has, for screen readers too */
export function table(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly Content[])[],
): Html {
  if (rows.length === 0) return html`<p class="soft">${caption}: none.</p>`;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption class="soft small">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A field of a search. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** The choices, if there is no free text. */
  readonly choices?: readonly string[];
}

/** Returns a search form, which works by GET. */
export const filters = (page: string, fields: readonly Field[]): Html =>
  html`<form class="filters" method="get" action="${page}" role="search">
    ${fields.map(
      ({ name, label, value, choices }) =>
        html`<label
          >${label}
          ${
            choices
              ? html`<select name="${name}">
                  <option value="">any</option>
                  ${choices.map((choice) =>
                    choice === value
                      ? html`<option selected>${choice}</option>`
                      : html`<option>${choice}</option>`,
                  )}
                </select>`
              : html`<input name="${name}" value="${bounded(value)}" />`
          }</label
        >`,
    )}<button class="button compact">Search</button>
  </form>`;

/** Returns the link to the next page of a listing. */
export function nextPage(
  page: string,
  query: Readonly<Record<string, string>>,
  after: string | undefined,
): Content {
  if (after === undefined) return undefined;
  const given = Object.entries(query).filter(([, value]) => value !== '');
  return html`<p>
    ${pageLink(`${page}?${new URLSearchParams([...given, ['after', after]]).toString()}`, 'Next page')}
  </p>`;
}

export interface ConsolePage {
  readonly status?: number;
  readonly title: string;
  readonly main: Html;
  /** The page of the section that the page belongs to. */
  readonly section?: string;
  readonly script?: string | undefined;
}

/**
 * Returns a page of the console.
 *
 * @param service address of the service, for a browser with a session, in whose folder the page is
 */
export function renderConsole(
  { status = 200, title, main, section, script }: ConsolePage,
  service?: string,
): RenderedPage {
  const navigation = html`<nav aria-label="Console">
    <ul>
      ${SECTIONS.map(([page, label]) =>
        page === section
          ? html`<li><a href="${page}" aria-current="true">${label}</a></li>`
          : html`<li>${pageLink(page, label)}</li>`,
      )}
    </ul>
  </nav>`;
  return renderShell({
    status,
    title,
    branding: { name: 'agent-identity console' },
    style: STYLE,
    forms: true,
    ...(service !== undefined && {
      home: 'overview',
      person: html`<div class="person">
        <span>${service}</span>
        <form method="post" action="sign-out">
          <button class="button plain compact">Sign out</button>
        </form>
      </div>`,
    }),
    ...(script !== undefined && { script }),
    main: html`${service !== undefined && navigation}
      <h1>${title}</h1>
      ${main}`,
  });
}
