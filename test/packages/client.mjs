/** The tarball of @agent-identity/client: its size, its entries on each supported Node.js, and one real request. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkClientTypes } from './client-types.mjs';
import { npmInstall, run, writeFiles } from './consumer-folder.mjs';
import { diskUsage } from './disk-usage.mjs';
import { installNodes } from './node-versions.mjs';
import { withRunningService } from './running-service.mjs';

/** Disk space of an installation with the AWS client, in bytes. */
const MAX_INSTALLED_BYTES = 25_000_000;

const CLIENT = '@agent-identity/client';

/** Packages that an installation of the client must not contain. */
const FOREIGN = ['aws-cdk-lib', 'constructs', 'valibot', '@modelcontextprotocol'];

const NAMES = '{ ConfigurationError, ConsentRequiredError, createIdentityClient, getAccessToken }';

/** An agent with a scripted service, which requires consent. */
const consentingTool = (load) => `
${load('{ ConfigurationError }', CLIENT)}
${load('{ withAccessToken }', `${CLIENT}/mcp`)}
const identity = { send: async () => ({ authorizationUrl: 'https://example.com', sessionUri: 'urn:x' }) };
const tool = withAccessToken({
  identity, providerName: 'calendar', scopes: [], authFlow: 'USER_FEDERATION', workloadIdentityToken: 'token',
  callbackUrl: 'https://app.example/back',
})(() => 'result');`;

/** The status shows the tool's error, as a server with version 1 of the MCP SDK gets it. */
const mcpProgram = (load, loadSdk) => `${consentingTool(load)}
tool().catch(async (error) => {
  if (error instanceof ConfigurationError) return console.log(error.message);
  const { UrlElicitationRequiredError } = ${loadSdk}('@modelcontextprotocol/sdk/types.js');
  console.log(error instanceof UrlElicitationRequiredError ? 'elicitation' : error);
});`;

/** A server with version 2 of the MCP SDK; the status shows its responses to a client of each protocol version. */
const mcpVersion2Program = (load) => `${consentingTool(load)}
${load('{ createMcpHandler, McpServer }', '@modelcontextprotocol/server')}
const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'calendar', version: '1.0.0' });
  server.registerTool('events', { description: 'Lists the events' }, tool);
  return server;
});
async function call(fields, meta) {
  const response = await handler.fetch(new Request('http://127.0.0.1/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...fields },
    body: JSON.stringify({
      jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'events', arguments: {}, ...meta },
    }),
  }));
  return /input_required|-32042/.exec(await response.text())?.[0];
}
const version = '2026-07-28';
const fields = { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': 'events' };
const _meta = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
};
Promise.all([call(fields, { _meta }), call({ 'mcp-protocol-version': '2025-11-25' })]).then((results) => {
  console.log(...results);
});`;

const imports = (names, from) => `import ${names} from '${from}';`;
const requires = (names, from) => `const ${names} = require('${from}');`;

/** One request to the running service: an agent asks for a token, and the user must consent. */
const requestProgram = (load) => `
${load('{ ConsentRequiredError, createIdentityClient, getAccessToken, workloadAccessTokens }', CLIENT)}
const { workloadName, providerName, callbackUrl } = JSON.parse(process.env.AGENT);
const identity = createIdentityClient();
getAccessToken({
  identity, providerName, callbackUrl, scopes: ['calendar.read'], authFlow: 'USER_FEDERATION', customState: 'state',
  workloadIdentityToken: workloadAccessTokens(identity, { workloadName, userId: 'consumer' }),
}).then(
  () => console.log('token'),
  (error) => console.log(error instanceof ConsentRequiredError && new URL(error.authorizationUrl).origin),
);`;

const PROGRAMS = {
  'import.mjs': `${imports(NAMES, CLIENT)} console.log(typeof createIdentityClient, typeof getAccessToken);`,
  'require.cjs': `${requires(NAMES, CLIENT)} console.log(typeof createIdentityClient, typeof getAccessToken);`,
  'both.mjs': `
    import { createRequire } from 'node:module';
    import * as imported from '${CLIENT}';
    const required = createRequire(import.meta.url)('${CLIENT}');
    const names = Object.keys(required);
    console.log(names.length > 0 && names.every((name) => required[name] === imported[name]));`,
  'mcp.mjs': mcpProgram(imports, 'await import'),
  'mcp.cjs': mcpProgram(requires, 'require'),
  'mcp-version-2.mjs': mcpVersion2Program(imports),
  'mcp-version-2.cjs': mcpVersion2Program(requires),
  'request.mjs': requestProgram(imports),
  'request.cjs': requestProgram(requires),
};

async function assertSmall(modules) {
  const installed = await readdir(modules);
  assert.deepEqual(
    FOREIGN.filter((name) => installed.includes(name)),
    [],
  );
  const size = await diskUsage(modules);
  assert.ok(size < MAX_INSTALLED_BYTES, `${size} bytes are installed`);
}

async function assertWorks({ node, folder, service }) {
  const outputOf = async (file, env) => (await run(node, [file], folder, env)).trim();
  assert.equal(await outputOf('import.mjs'), 'function function');
  assert.equal(await outputOf('require.cjs'), 'function function');
  assert.equal(await outputOf('both.mjs'), 'true');
  for (const file of ['request.mjs', 'request.cjs']) {
    assert.equal(await outputOf(file, service.environment), service.origin);
  }
}

async function assertMcp({ node, folder, output, program = 'mcp' }) {
  for (const file of [`${program}.mjs`, `${program}.cjs`]) {
    assert.equal((await run(node, [file], folder)).trim(), output);
  }
}

/** An ES module that contains CommonJS needs a `require`; docs/client.md has this banner. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** Bundles an agent as Lambda deployments do, and runs the bundle in a folder without packages. */
async function assertBundles({ format, options = [], consumer, folder, program = 'mcp', output }) {
  const bundle = join(folder, `bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`);
  const esbuild = join(consumer, 'node_modules', '.bin', 'esbuild');
  const all = [
    `${program}.mjs`,
    '--bundle',
    '--platform=node',
    `--format=${format}`,
    `--outfile=${bundle}`,
    ...options,
  ];
  await run(esbuild, [...all, '--log-level=warning'], consumer);
  assert.equal((await run(process.execPath, [bundle], folder)).trim(), output);
}

const SDK_IS_MISSING =
  'The tool got no context of an MCP server with @modelcontextprotocol/server, and @modelcontextprotocol/sdk is not installed. Pass all arguments of the tool, the context last, or run `npm install @modelcontextprotocol/sdk`.';

/** For clients of protocol versions 2026-07-28 and 2025-11-25. */
const URL_IN_EACH_VERSION = 'input_required -32042';

/** Version 2 of the MCP SDK alone, and then both versions. */
async function checkMcpVersion2({ report, nodes, tarball, folder }) {
  const consumer = join(folder, 'consumer-of-mcp-version-2');
  await writeFiles(consumer, { 'package.json': { private: true }, ...PROGRAMS });
  await npmInstall(consumer, [tarball, '@modelcontextprotocol/server', 'esbuild']);
  const version2 = { folder: consumer, program: 'mcp-version-2', output: URL_IN_EACH_VERSION };
  for (const { version, node } of nodes) {
    await report.check(`Node.js ${version}: ./mcp works with version 2 of the MCP SDK alone`, () =>
      assertMcp({ ...version2, node }),
    );
  }
  await report.check('an esbuild bundle with version 2 of the MCP SDK alone works', () =>
    assertBundles({
      ...version2,
      folder,
      consumer,
      format: 'esm',
      options: [`--banner:js=${BANNER}`],
    }),
  );
  await npmInstall(consumer, ['@modelcontextprotocol/sdk']);
  for (const { version, node } of nodes) {
    await report.check(`Node.js ${version}: ./mcp works with both versions of the MCP SDK`, async () => {
      await assertMcp({ ...version2, node });
      await assertMcp({ folder: consumer, node, output: 'elicitation' });
    });
  }
}

export async function checkClient({ report, packages, folder, quick }) {
  const tarball = packages['agent-identity-client'];
  const consumer = join(folder, 'consumer');
  const tools = join(folder, 'nodes');
  await writeFiles(tools, { 'package.json': { private: true } });
  await writeFiles(consumer, { 'package.json': { private: true }, ...PROGRAMS });
  const nodes = await installNodes(tools);

  await report.check('npm install succeeds', () => npmInstall(consumer, [tarball]));
  await report.check(
    `the installation has up to ${MAX_INSTALLED_BYTES / 1e6} MB with the AWS SDK client, and no CDK`,
    () => assertSmall(join(consumer, 'node_modules')),
  );
  await withRunningService(async (service) => {
    for (const { version, node } of nodes) {
      await report.check(
        `Node.js ${version}: works with import and require, with the same classes, and sends a request`,
        () => assertWorks({ node, folder: consumer, service }),
      );
    }
  });
  for (const { version, node } of nodes) {
    await report.check(`Node.js ${version}: ./mcp names the missing MCP SDK`, () =>
      assertMcp({ node, folder: consumer, output: SDK_IS_MISSING }),
    );
  }
  await npmInstall(consumer, ['@modelcontextprotocol/sdk']);
  for (const { version, node } of nodes) {
    await report.check(`Node.js ${version}: ./mcp works with version 1 of the MCP SDK alone`, () =>
      assertMcp({ node, folder: consumer, output: 'elicitation' }),
    );
  }
  await npmInstall(consumer, ['esbuild']);
  await report.check('an esbuild bundle works as CommonJS', () =>
    assertBundles({ format: 'cjs', consumer, folder, output: 'elicitation' }),
  );
  await report.check('an esbuild bundle works as an ES module', () =>
    assertBundles({
      format: 'esm',
      options: [`--banner:js=${BANNER}`],
      consumer,
      folder,
      output: 'elicitation',
    }),
  );
  await checkMcpVersion2({ report, nodes, tarball, folder });
  await checkClientTypes({ report, tarball, folder: join(folder, 'types'), quick });
}
