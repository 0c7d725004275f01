/** The types of @agent-identity/client, with the programs of its documents: each TypeScript, module kind, and strict flag. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmInstall, run, writeFiles } from './consumer-folder.mjs';
import { combinations } from './matrix.mjs';

const TYPESCRIPT_VERSIONS = ['5.4', '5.9', '6.0', '7.0'];

/** Names that the programs use but do not declare. */
const SURROUNDINGS = {
  'application.d.ts': `
declare const sessions: {
  of(request: import('node:http').IncomingMessage): Promise<
    { userToken: string; consents: Map<string, string> } | undefined
  >;
};
declare function events(accessToken: string, day: string): Promise<string>;`,
  'mcp.d.ts': `
declare const server: import('@modelcontextprotocol/server').McpServer;
declare function events(accessToken: string): Promise<string>;`,
  'mcp-version-1.d.ts': `
declare const server: import('@modelcontextprotocol/sdk/server/mcp.js').McpServer;
declare function events(accessToken: string): Promise<string>;`,
};

const STRICT = {
  target: 'ES2022',
  lib: ['ES2023'],
  types: ['node'],
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
};

const ES_MODULE = { ...STRICT, module: 'nodenext', verbatimModuleSyntax: true };
const COMMON_JS = { ...STRICT, module: 'nodenext' };

/** The declarations of the MCP SDK itself fail with older TypeScript, and without browser types. */
const WITH_MCP_SDK = { skipLibCheck: true };

const AGENT = [
  'agent.ts',
  'agent-of-guide.ts',
  'agent-of-project.ts',
  'agent-without-gate.ts',
  'application-program.ts',
  'application.d.ts',
];
const MCP = ['mcp-server.ts', 'mcp-client.ts', 'mcp.d.ts'];
const MCP_VERSION_1 = ['mcp-server-version-1.ts', 'mcp-client-version-1.ts', 'mcp-version-1.d.ts'];

/** By name of the consumer: its package type, its compiler options, and its files. */
const CONSUMERS = {
  'ES module': { type: 'module', options: ES_MODULE, files: AGENT },
  CommonJS: { type: 'commonjs', options: COMMON_JS, files: AGENT },
  'CommonJS with default resolution': {
    type: 'commonjs',
    options: { ...STRICT, module: 'commonjs' },
    files: AGENT,
  },
  'MCP server and client as an ES module': {
    type: 'module',
    options: { ...ES_MODULE, ...WITH_MCP_SDK },
    files: MCP,
  },
  'MCP server and client as CommonJS': {
    type: 'commonjs',
    options: { ...COMMON_JS, ...WITH_MCP_SDK },
    files: MCP,
  },
  'MCP server and client with version 1 of the SDK as an ES module': {
    type: 'module',
    options: { ...ES_MODULE, ...WITH_MCP_SDK },
    files: MCP_VERSION_1,
  },
  'MCP server and client with version 1 of the SDK as CommonJS': {
    type: 'commonjs',
    options: { ...COMMON_JS, ...WITH_MCP_SDK },
    files: MCP_VERSION_1,
  },
};

/** @returns the programs in a README, each as a file */
export function programsOf(readme, language) {
  const blocks = [
    ...readFileSync(readme, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms')),
  ];
  return blocks.map(([, program]) => program);
}

const README = join(import.meta.dirname, '../../lib/client/README.md');
const PROJECT = join(import.meta.dirname, '../../README.md');
const GUIDE = join(import.meta.dirname, '../../docs/client.md');

export async function checkClientTypes({ report, tarball, folder, quick }) {
  const [agent, agentWithoutGate, application, mcp] = programsOf(README, 'ts');
  const guide = programsOf(GUIDE, 'ts');
  const [agentOfGuide] = guide;
  const mcpClient = guide.find((program) => program.includes("connectMcp('https://"));
  const [agentOfProject] = programsOf(PROJECT, 'ts');
  const programs = {
    'agent-of-guide.ts': agentOfGuide,
    'agent-of-project.ts': agentOfProject,
    'agent.ts': agent,
    'agent-without-gate.ts': agentWithoutGate,
    'application-program.ts': application,
    'mcp-client.ts': mcpClient,
    'mcp-client-version-1.ts': mcpClient
      .replace('{ Client, StreamableHTTPClientTransport }', '{ Client }')
      .replace('@modelcontextprotocol/client', '@modelcontextprotocol/sdk/client/index.js')
      .concat(
        "import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';",
      ),
    'mcp-server.ts': mcp,
    'mcp-server-version-1.ts': mcp
      .replace(
        "import type { ServerContext } from '@modelcontextprotocol/server';",
        `import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';`,
      )
      .replace('ServerContext', 'RequestHandlerExtra<ServerRequest, ServerNotification>'),
  };
  await writeFiles(folder, { 'package.json': { private: true }, ...programs, ...SURROUNDINGS });
  const compilers = TYPESCRIPT_VERSIONS.map((version) => `typescript-${version}@npm:typescript@${version}`);
  await npmInstall(folder, [
    tarball,
    '@modelcontextprotocol/sdk',
    '@modelcontextprotocol/server',
    '@modelcontextprotocol/client',
    '@types/node@20',
    ...compilers,
  ]);
  for (const [version, name] of combinations(TYPESCRIPT_VERSIONS, Object.keys(CONSUMERS), quick)) {
    const compiler = join(folder, 'node_modules', `typescript-${version}`, 'bin', 'tsc');
    const { type, options, files } = CONSUMERS[name];
    await writeFiles(folder, {
      'package.json': { private: true, type },
      'tsconfig.json': { compilerOptions: options, files },
    });
    await report.check(
      `TypeScript ${version}: the programs of both READMEs and of docs/client.md compile, ${name}`,
      () => run(process.execPath, [compiler, '--project', 'tsconfig.json'], folder),
    );
  }
}
