/** Each vendor has a page that is up to date, whose facts have sources, and whose commands work. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { VENDOR_NAMES, type VendorName } from '../../lambda/contract/vendors';
import { resolveConfig } from '../../lambda/domain/provider/vendor-config';
import { VENDOR_SETUP } from '../../lib/cli/commands/provider/vendor-setup';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import type { Guide } from '../../scripts/vendors/guide';
import { GUIDES } from '../../scripts/vendors/guides';
import { commandsOf, vendorPage } from '../../scripts/vendors/page';
import { runCommand } from '../cli/command-under-test';

const DOCS = join(__dirname, '../../docs');
const PAGES = GUIDES.map((guide) => [guide.page, guide] as const);

describe('the pages of vendors', () => {
  it('are those of the 25 vendors and of Linear, a custom provider', () => {
    expect(readdirSync(join(DOCS, 'vendors')).sort()).toEqual(PAGES.map(([page]) => `${page}.md`).sort());
    expect(GUIDES.map(({ vendor }) => vendor).sort()).toEqual([...VENDOR_NAMES, 'CustomOauth2'].sort());
  });

  it.each(PAGES)('docs/vendors/%s.md is up to date; if not, run `npm run docs:vendors`', (page, guide) => {
    expect(readFileSync(join(DOCS, 'vendors', `${page}.md`), 'utf8')).toBe(vendorPage(guide));
  });

  it.each(PAGES)('%s is in docs/vendors.md', (page) => {
    expect(readFileSync(join(DOCS, 'vendors.md'), 'utf8')).toContain(`](vendors/${page}.md)`);
  });

  it('have all steps for the ten vendors that are used most', () => {
    const withSteps = GUIDES.filter(({ steps = [] }) => steps.length >= 4).map(({ title }) => title);
    expect(withSteps).toEqual(
      'Google GitHub Slack Microsoft Salesforce Atlassian Notion Linear HubSpot Zoom'.split(' '),
    );
  });
});

describe('the facts', () => {
  const DATE = /^20\d\d(-(0[1-9]|1[0-2])(-\d\d)?)?$/;

  it.each(PAGES)('on the page %s have sources with an address and the date of reading', (page, guide) => {
    const sources = Object.values(guide.sources);
    expect(sources.length).toBeGreaterThan(0);
    for (const { url, dated = '2026', read } of sources) {
      expect(url).toMatch(/^https:\/\/[a-z]/);
      expect(dated).toMatch(DATE);
      expect(read).toMatch(DATE);
      expect(read.length).toBeGreaterThanOrEqual('2026-11'.length);
    }
    const text = vendorPage(guide).split('\n## Sources\n')[0] ?? '';
    const uncited = sources.filter((_, index) => !text.includes(`[${index + 1}]`));
    expect({ page, uncited }).toEqual({ page, uncited: [] });
  });

  it('of the registration have sources', () => {
    expect(GUIDES.filter(({ setup }) => setup.length === 0)).toEqual([]);
    const unsourced = VENDOR_NAMES.filter((name) => VENDOR_SETUP[name].sources.length === 0);
    expect(unsourced).toEqual([]);
  });
});

/** Returns the arguments for `agent-identity` in a line of the shell, with its variables replaced. */
const argumentsOf = (line: string): string[] =>
  line
    .replace(/^.*agent-identity /, '')
    .replaceAll(/"\$(\w+)"/g, (_, name: string) => name.toLowerCase().replaceAll('_', '-'))
    .split(' ');

describe('the commands', () => {
  const requests: { readonly path: string; readonly body: Record<string, unknown> }[] = [];
  let endpoint: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => (text += part.toString()));
      request.on('end', () => {
        requests.push({ path: request.url ?? '', body: JSON.parse(text || '{}') as Record<string, unknown> });
        response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' });
        response.end(JSON.stringify({ message: 'There is nothing here.' }));
      });
    });
    const listening = await listenOnLoopback(server, 0);
    endpoint = `http://127.0.0.1:${listening.port}`;
    close = listening.close;
  });

  afterAll(() => close());

  /** Runs the line, and returns the requests that it sends. A line that the command rejects sends none. */
  async function requestsOf(line: string): Promise<typeof requests> {
    requests.length = 0;
    const env = {
      AGENT_IDENTITY_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: 'example',
      AWS_SECRET_ACCESS_KEY: 'example',
    };
    const { status, stderr } = await runCommand(argumentsOf(line), { env, input: 'secret' });
    expect({ line, status, stderr }).toEqual({ line, status: 1, stderr: expect.any(String) as string });
    return requests;
  }

  it.each(PAGES)('on the page %s are accepted by the command and the service', async (_, guide: Guide) => {
    const { add, test, token } = commandsOf(guide);
    for (const line of [add, test, token]) expect(vendorPage(guide)).toContain(`\n${line}\n`);
    const [created] = await requestsOf(add);
    const { credentialProviderVendor: vendor, oauth2ProviderConfigInput: input } = created?.body as {
      credentialProviderVendor: VendorName;
      oauth2ProviderConfigInput: Parameters<typeof resolveConfig>[1];
    };
    expect(vendor).toBe(guide.vendor);
    expect(resolveConfig(vendor, input, { loopback: false })).toMatchObject({ clientId: 'client-id' });
    expect((await requestsOf(test)).length).toBeGreaterThan(0);
    expect((await requestsOf(token)).length).toBeGreaterThan(0);
  });
});
