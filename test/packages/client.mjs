/** The tarball of @agent-identity/client: its size, its entries on each supported Node.js, and one real request. */
import assert from 'node:assert/strict';
import { readdir, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { URL } from 'node:url';
import { inConsumerFolder, npmInstall, run } from './consumer-folder.mjs';

/** Disk space of an installation with the AWS client, in bytes. */
const MAX_INSTALLED_BYTES = 25_000_000;

const CLIENT = '@agent-identity/client';

/** What an installation of the client must not bring along. */
const FOREIGN = ['aws-cdk-lib', 'constructs', 'valibot', '@modelcontextprotocol'];

const NAMES = '{ ConfigurationError, ConsentRequiredError, createIdentityClient, getAccessToken }';

/** An agent with a scripted service, which requires consent; the status tells which error the tool throws. */
const mcpProgram = (load, loadSdk) => `
${load('{ ConfigurationError }', CLIENT)}
${load('{ withAccessToken }', `${CLIENT}/mcp`)}
const identity = { send: async () => ({ authorizationUrl: 'https://example.com', sessionUri: 'urn:x' }) };
const tool = withAccessToken({
  identity, providerName: 'calendar', scopes: [], authFlow: 'USER_FEDERATION', workloadIdentityToken: 'token',
})(() => 'result');
tool().catch(async (error) => {
  if (error instanceof ConfigurationError) return console.log(error.message);
  const { UrlElicitationRequiredError } = ${loadSdk}('@modelcontextprotocol/sdk/types.js');
  console.log(error instanceof UrlElicitationRequiredError ? 'elicitation' : error);
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
  'request.mjs': requestProgram(imports),
  'request.cjs': requestProgram(requires),
};

/** @returns bytes that the files occupy on disk */
async function diskUsage(folder) {
  const entries = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(
    entries.map(async (entry) => (await lstat(join(folder, entry))).blocks * 512),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** @returns one line for each check that passed */
export async function checkClient({ tarball, nodes, service }) {
  const lines = [];
  await inConsumerFolder({ 'package.json': { private: true }, ...PROGRAMS }, async (folder) => {
    await npmInstall(folder, [tarball]);
    const modules = join(folder, 'node_modules');
    const installed = await readdir(modules);
    assert.deepEqual(
      FOREIGN.filter((name) => installed.includes(name)),
      [],
    );
    const size = await diskUsage(modules);
    assert.ok(size < MAX_INSTALLED_BYTES, `${size} bytes are installed`);
    lines.push(`installed with the AWS client: ${(size / 1e6).toFixed(1)} MB`);

    const missing =
      '@agent-identity/client/mcp requires the MCP SDK. Run `npm install @modelcontextprotocol/sdk`.';
    for (const { version, node } of nodes) {
      const outputOf = async (file, env) => (await run(node, [file], folder, env)).trim();
      assert.equal(await outputOf('import.mjs'), 'function function');
      assert.equal(await outputOf('require.cjs'), 'function function');
      assert.equal(await outputOf('both.mjs'), 'true');
      assert.equal(await outputOf('mcp.mjs'), missing);
      assert.equal(await outputOf('mcp.cjs'), missing);
      for (const file of ['request.mjs', 'request.cjs']) {
        assert.equal(await outputOf(file, service.env), new URL(service.env.AGENT_IDENTITY_ENDPOINT).origin);
      }
      lines.push(`Node.js ${version}: import, require, one class for both, a request to the service`);
    }

    await npmInstall(folder, ['@modelcontextprotocol/sdk']);
    for (const { version, node } of nodes) {
      for (const file of ['mcp.mjs', 'mcp.cjs']) {
        assert.equal((await run(node, [file], folder)).trim(), 'elicitation');
      }
      lines.push(`Node.js ${version}: the entry for MCP servers with and without the MCP SDK`);
    }
  });
  return lines;
}
