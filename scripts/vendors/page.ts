/** A vendor's page in docs/vendors/: how an operator connects agents to it. */
import { alsoEnds, reachOf, vendorOf, type VendorName } from '../../lambda/contract/vendors';
import { notRedeemed, ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { callbackUrl } from '../../lambda/domain/provider/oauth2-provider';
import { renderPage } from '../../lambda/pages/consent-pages';
import {
  callbackCheck,
  capabilityChecks,
  undiscovered,
  unreachable,
} from '../../lib/cli/commands/provider/checks';
import { VENDOR_SETUP } from '../../lib/cli/commands/provider/vendor-setup';
import { shortName } from '../../lib/cli/commands/provider/vendors';
import { printChecks, type Check } from '../../lib/cli/checks';
import { faultOf, statusFault } from '../../lib/cli/server-document';
import { NoResponse } from '../../lib/cli/service';
import { table } from '../markdown-table';
import type { Fact, Guide } from './guide';

const ENDPOINT = 'https://identity.example/prod';
const CALLBACK = callbackUrl(ENDPOINT, 'CALLBACK_ID');

/** A discovery document with what the service can use, and one without it. */
const METADATA = {
  code_challenge_methods_supported: ['S256'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  revocation_endpoint: 'https://idp.example/revoke',
};
const POOR_METADATA = {
  code_challenge_methods_supported: ['plain'],
  grant_types_supported: ['authorization_code'],
};

export const providerOf = ({ page }: Guide): string => `my-${page}`;

/** The commands of the page, in order. */
export interface Commands {
  readonly add: string;
  readonly test: string;
  readonly token: string;
}

export function commandsOf(guide: Guide): Commands {
  const { vendor, options = '', scopes, tokenOptions = '' } = guide;
  const name = providerOf(guide);
  const wanted = scopes.map((scope) => ` --scope ${scope}`).join('');
  return {
    add: `printf %s "$SECRET" | agent-identity provider add ${name} --vendor ${shortName(vendor)} --client-id "$CLIENT_ID"${options}`,
    test: `agent-identity provider test ${name}`,
    token: `agent-identity token get --agent my-agent --provider ${name} --user-id alice${wanted}${tokenOptions}`,
  };
}

/** Returns the numbers of the sources of a fact, as links. */
function references({ sources }: Guide, keys: readonly string[]): string {
  if (keys.includes('service')) return '';
  const order = Object.keys(sources);
  const numbers = keys.map((key) => order.indexOf(key) + 1).sort((one, other) => one - other);
  return numbers.length === 0 ? '(not confirmed)' : numbers.map((number) => `[${number}]`).join(' ');
}

const cited = (guide: Guide, [text, ...keys]: Fact): string => `${text} ${references(guide, keys)}`.trimEnd();

const numbered = (items: readonly string[]): string =>
  items.map((item, index) => `${index + 1}. ${item}`).join('\n');

const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

const shell = (...commands: readonly string[]): string => ['```sh', ...commands, '```'].join('\n');

/** Returns what the command prints for the checks. */
function printed(checks: readonly Check[]): string {
  let text = '';
  const stdout = { write: (part: string) => void (text += part) };
  printChecks({ process: { stdout, stderr: stdout }, env: {} } as never, checks);
  return text.trimEnd();
}

const sentence = (text: string): string => (/[.]$/.test(text) ? text : `${text}.`);

function registration(guide: Guide): string[] {
  const { vendor, title, steps, sources, manual, setup } = guide;
  const placeholder =
    'If the form requires a callback URL now, enter a URL of your own. You replace it in the next section.';
  if (steps) return [placeholder, numbered(steps.map((step) => cited(guide, step)))];
  const { console, app, credentials } = VENDOR_SETUP[vendor];
  const page = sources[manual];
  return [
    `This page has no steps for ${title}. Follow [${page?.title}](${page?.url}), and look for these settings ${references(guide, setup)}:`,
    table([
      ['What', 'Where'],
      ['Registration', console],
      ['Kind of app', app],
      ['Client ID and client secret', credentials],
    ]),
    placeholder,
  ];
}

function creation(guide: Guide): string[] {
  const { vendor, optionsAre, setup } = guide;
  const { add, test, token } = commandsOf(guide);
  const { callback } = VENDOR_SETUP[vendor];
  return [
    [
      'Create the credential provider. Set `CLIENT_ID` and `SECRET` to the values of the app. On a terminal, you can omit `printf %s "$SECRET" |`: the command then asks for the secret.',
      ...(optionsAre === undefined ? [] : [optionsAre]),
    ].join(' '),
    shell(add),
    `The command prints the callback URL, such as \`${CALLBACK}\`. Each credential provider has its own. Register it at the vendor: ${sentence(callback)} ${references(guide, setup)}`,
    'Then check the provider, and get a token for a user:',
    shell(test, token),
    'The last command needs an agent with a return URL on your computer: `agent-identity agent add my-agent --return-url http://127.0.0.1:8400/done` creates one. It prints the address at which the user allows access ([cli.md](../cli.md#try-a-token)).',
  ];
}

function facts(guide: Guide): string[] {
  const { vendor, setup, accessTokens, refreshTokens, rotation, pkce, oddities = [] } = guide;
  const { scopes, refreshTokens: wanted, review, notes } = VENDOR_SETUP[vendor];
  // Linear is a custom provider, whose registration guide is about any server.
  const isOwn = guide.page === shortName(vendor);
  const examples = isOwn ? scopes : `\`${guide.scopes.join(' ')}\``;
  const ofSetup = (text: string | undefined): Fact | undefined =>
    text === undefined ? undefined : [sentence(text), ...setup];
  const rows: readonly (readonly [string, Fact | undefined])[] = [
    ['Scopes', examples === undefined ? undefined : [examples, ...setup]],
    ['To get refresh tokens', ofSetup(wanted)],
    ['Access tokens', accessTokens],
    ['Refresh tokens', refreshTokens],
    ['Rotation', rotation],
    ['PKCE', pkce],
    ['Review', ofSetup(review)],
  ];
  const known = [
    ...(isOwn ? notes.map((note) => cited(guide, [note, ...setup])) : []),
    ...oddities.map((fact) => cited(guide, fact)),
  ];
  return [
    table([
      ['Subject', 'Fact', 'Source'],
      ...rows.flatMap(([subject, fact]) => {
        if (fact === undefined) return [];
        const [text, ...keys] = fact;
        return [[subject, text, references(guide, keys)]];
      }),
    ]),
    ...(known.length > 0 ? [bullets(known)] : []),
  ];
}

/** Returns whether the page's provider has no revocation endpoint: a custom provider whose endpoints are stated. */
const isStated = ({ options = '' }: Guide): boolean => options.includes('--token-endpoint');

const SENT = {
  one: 'the refresh token, or with the access token if there is none',
  'refresh-token': 'the refresh token',
  'access-token': 'the access token',
  each: 'the refresh token, and then with the access token',
} as const;

/** Returns the request that revokes tokens. Vendors with tenants have it at the tenant. */
function request(vendor: VendorName): string {
  const { revocation: how, server } = vendorOf(vendor);
  const sent = SENT[how.sends ?? 'each'];
  if (how.endpoint === undefined) return `POST to the \`revocation_endpoint\` of the metadata, with ${sent}`;
  if (typeof server === 'string') {
    return `POST to the \`revocation_endpoint\` of the metadata, or else to \`${how.endpoint}\`, relative to the token endpoint, with ${sent}`;
  }
  const url = new URL(how.endpoint, server.tokenEndpoint).href.replaceAll('%7B', '{').replaceAll('%7D', '}');
  return `${how.method ?? 'POST'} \`${url}\`, with ${sent}`;
}

function revocation(guide: Guide): string[] {
  const { vendor, title, revocation: more = [] } = guide;
  const { reach, userRemoves } = vendorOf(vendor).revocation;
  const sent =
    reach === 'none' || isStated(guide)
      ? 'When a grant is revoked, the service deletes its tokens, and no agent gets them any more. It sends no request to the vendor.'
      : `When a grant is revoked, no agent gets its tokens any more, and the service sends a request to revoke them: ${request(vendor)}. ${alsoEnds(reachOf(vendor))}`;
  return [
    `${sent} [vendors.md](../vendors.md#how-vendors-revoke-tokens) explains the request and the proof.`,
    ...(more.length > 0 ? [bullets(more.map((fact) => cited(guide, fact)))] : []),
    ...(userRemoves === undefined ? [] : [`Users remove the access at ${title} themselves: ${userRemoves}.`]),
  ];
}

/** What the checks say for the page's provider. */
function healthy(guide: Guide): Check[] {
  const { vendor } = guide;
  const { server } = vendorOf(vendor);
  if (isStated(guide)) return capabilityChecks(vendor, undefined, undefined);
  if (server === 'stated') return capabilityChecks(vendor, METADATA, 'https://idp.example/token');
  const token = server === 'entra-tenant' ? undefined : server.tokenEndpoint;
  return capabilityChecks(vendor, undefined, token);
}

/** What the checks say about the faults that they can see. */
function faults(guide: Guide): Check[] {
  const { vendor } = guide;
  const { server } = vendorOf(vendor);
  const away = callbackCheck({ callbackUrl: CALLBACK }, { endpoint: 'https://other.example' });
  if (server === 'stated' && !isStated(guide)) {
    return [
      undiscovered('https://idp.example/.well-known/openid-configuration', statusFault(404)),
      away,
      ...capabilityChecks(vendor, POOR_METADATA, 'https://idp.example/token').filter(
        ({ status }) => status !== 'ok',
      ),
    ];
  }
  const token = typeof server === 'string' ? tokenEndpointOf(guide) : server.tokenEndpoint;
  const notFound = faultOf(new NoResponse(token, 'ENOTFOUND'), { loopback: false });
  return [unreachable('token endpoint', token, notFound), away];
}

const tokenEndpointOf = ({ options = '' }: Guide): string =>
  /--token-endpoint (\S+)/.exec(options)?.[1] ??
  'https://login.microsoftonline.com/TENANT_ID/oauth2/v2.0/token';

/** Returns the vendor's codes for an error code of RFC 6749. */
function wordsFor(vendor: VendorName, code: string): string {
  const { errorCodes = {} } = vendorOf(vendor).response ?? {};
  const words = Object.entries(errorCodes)
    .filter(([word, meaning]) => meaning === code && word !== code)
    .map(([word]) => `\`${word}\``);
  return words.length === 0 ? '' : ` The vendor's codes for it: ${words.join(', ')}.`;
}

const HEADING = /<h1[^>]*>([^<]+)<\/h1>/;

/** Returns the row about refresh tokens, for a vendor at which an app can have none. */
function withoutRefreshTokens({ vendor }: Guide): string[][] {
  const { refreshTokens = 'See "Facts"' } = VENDOR_SETUP[vendor];
  if (refreshTokens.startsWith('Always')) return [];
  return [
    [
      'Users must consent again when the access token expires.',
      `There is no refresh token. ${sentence(refreshTokens === 'None' ? 'The vendor issues none' : `To get one: ${refreshTokens}`)}`,
    ],
  ];
}

function problems(guide: Guide): string[] {
  const { vendor, title, page, problems: known = [] } = guide;
  const name = providerOf(guide);
  const messageFor = (code: string): string => notRedeemed(name, new ProviderFailure(code, ''));
  const refused = renderPage({
    name: 'not-granted',
    provider: title,
    error: 'invalid_scope',
    returnTo: ENDPOINT,
  });
  const heading = HEADING.exec(refused.html)?.[1] ?? '';
  const vendorName = page === 'custom' ? 'The authorization server' : title;
  return [
    '`agent-identity doctor` checks all your providers, and `agent-identity provider test` checks one. For this vendor, a good result has these lines:',
    ['```text', printed(healthy(guide)), '```'].join('\n'),
    'These lines need your attention:',
    ['```text', printed(faults(guide)), '```'].join('\n'),
    'Neither command sends the client secret or signs in. So they cannot find a wrong client ID, secret, callback URL, or scope. The first consent shows these:',
    table([
      ['Sign', 'Remedy'],
      ...known.map(({ sign, remedy }) => [cited(guide, sign), remedy]),
      [
        `${vendorName} shows an error in place of its consent page, and the browser does not return.`,
        'Compare the client ID, the callback URL, and the scopes with the settings of the app.',
      ],
      [
        `The service shows "${heading}" with the error code.`,
        `Correct what the code names, such as the scopes for \`invalid_scope\`. Then ask the agent again.`,
      ],
      [
        messageFor('invalid_client'),
        `The client ID or the secret is wrong.${wordsFor(vendor, 'invalid_client')} Set the secret again: \`printf %s "$SECRET" \\| agent-identity provider update ${name} --secret\`.`,
      ],
      [
        messageFor('invalid_grant'),
        `The code was too old or was used before.${wordsFor(vendor, 'invalid_grant')} Ask the agent again.`,
      ],
      ...withoutRefreshTokens(guide),
    ]),
  ];
}

function sourceList({ sources, title }: Guide): string[] {
  const all = Object.values(sources);
  return [
    `Stored copies of these pages were read on the dates below. No step was tried with an account at ${title}. If a name on a page has changed, follow the linked page. "Not confirmed" marks statements without a public source.`,
    all
      .map(
        ({ title: name, url, dated, read }, index) =>
          `${index + 1}. [${name}](${url}), ${dated === undefined ? '' : `dated ${dated}, `}read ${read}`,
      )
      .join('\n'),
    all.map(({ url }, index) => `[${index + 1}]: ${url}`).join('\n'),
  ];
}

/** Returns the text of docs/vendors/PAGE.md. */
export function vendorPage(guide: Guide): string {
  const { vendor, title } = guide;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Register the app', registration(guide)],
    ['Create the provider', creation(guide)],
    ['Facts', facts(guide)],
    ['Revoke', revocation(guide)],
    ['If it does not work', problems(guide)],
    ['Sources', sourceList(guide)],
  ];
  return [
    `# Connect agents to ${title}`,
    '<!-- Generated by `npm run docs:vendors` from scripts/vendors/. -->',
    `With these steps, agents get access tokens from ${title}, each for a user who allows it. The vendor is \`${vendor}\` in the API, and \`${shortName(vendor)}\` on the command line. You need the command and an endpoint ([cli.md](../cli.md#before-you-begin)), and an account at the vendor that can register apps.`,
    ...sections.flatMap(([heading, parts]) => [`## ${heading}`, ...parts]),
  ]
    .join('\n\n')
    .concat('\n');
}
