/** Each vendor has a page, whose facts have sources, and whose commands work. */
import { VENDOR_NAMES, type VendorName } from '../../lambda/model/provider/vendor-names';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { resolveConfig } from '../../lambda/domain/provider/vendor-config';
import { VENDOR_SETUP } from '../../lib/cli/commands/provider/vendor-setup';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { runCommand } from '../cli/command-under-test';

const DOCS = join(__dirname, '../../docs');

/** Name and text of each page. */
const PAGES = readdirSync(join(DOCS, 'vendors')).map(
  (name) => [name.replace(/\.md$/, ''), readFileSync(join(DOCS, 'vendors', name), 'utf8')] as const,
);

const vendorIn = (text: string): string | undefined => /The vendor is `(\w+)` in the API/.exec(text)?.[1];

describe('the pages of vendors', () => {
  it('are those of the 25 vendors and of Linear, a custom provider', () => {
    const vendors = PAGES.map(([, text]) => vendorIn(text));
    expect(vendors.sort()).toEqual([...VENDOR_NAMES, 'CustomOauth2'].sort());
  });

  it.each(PAGES)('%s is in docs/vendors.md', (page) => {
    expect(readFileSync(join(DOCS, 'vendors.md'), 'utf8')).toContain(`](vendors/${page}.md)`);
  });
});

describe('the facts', () => {
  it.each(PAGES)('on the page %s have sources with an address and the date of reading', (page, all) => {
    const [text = '', list = ''] = all.split('\n## Sources\n');
    const sources = list.match(/^\d+\. .*$/gm) ?? [];
    expect(sources.length).toBeGreaterThan(0);
    for (const [index, source] of sources.entries()) {
      expect(source).toMatch(
        /^\d+\. \[.+\]\(https:\/\/[a-z]\S+\), (dated 20\d\d(-\d\d){0,2}, )?read 20\d\d-\d\d(-\d\d)?$/,
      );
      expect([page, text]).toEqual([page, expect.stringContaining(`[${index + 1}]`)]);
    }
  });

  it('of the registration have sources', () => {
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

  it.each(PAGES)('on the page %s are accepted by the command and the service', async (page, text) => {
    const [add = '', ...others] = text.match(/^(printf .* \| )?agent-identity .*$/gm) ?? [];
    const [created] = await requestsOf(add);
    const { credentialProviderVendor: vendor, oauth2ProviderConfigInput: input } = created?.body as {
      credentialProviderVendor: VendorName;
      oauth2ProviderConfigInput: Parameters<typeof resolveConfig>[1];
    };
    expect([page, vendor]).toEqual([page, vendorIn(text)]);
    expect(resolveConfig(vendor, input, { loopback: false })).toMatchObject({ clientId: 'client-id' });
    expect(others).toEqual([
      `agent-identity provider test my-${page}`,
      expect.stringMatching(
        `^agent-identity token get --agent my-agent --provider my-${page} --user-id alice`,
      ),
    ]);
    for (const line of others) expect((await requestsOf(line)).length).toBeGreaterThan(0);
  });
});
