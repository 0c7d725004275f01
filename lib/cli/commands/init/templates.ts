/** The projects that `agent-identity init` writes. Their programs are files in lib/cli/templates. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { version } from '../../package.json';
import { closestTo } from '../../closest-name';
import { usageError } from '../../failure';

/** What the program of a project reads. It contains no secret. */
export interface Settings {
  readonly workloadName: string;
  readonly userId: string;
  readonly providerName: string;
  readonly scopes: readonly string[];
  readonly resourceUrl: string;
  readonly returnUrl: string;
}

interface Template {
  readonly brief: string;
  /** Name of the file in the project. In the folder of the template, `.template` follows it. */
  readonly program: string;
  /** Returns the other files, which install the client library. `client` is the path of a package of it. */
  readonly files: (client: string | undefined) => Readonly<Record<string, string>>;
  /** What runs the project in its folder. */
  readonly commands: readonly string[];
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

const packageJson =
  (program: string, dependencies: Readonly<Record<string, string>>): Template['files'] =>
  (client) => ({
    'package.json': json({
      private: true,
      type: 'module',
      scripts: { start: `tsx ${program}` },
      dependencies: {
        '@agent-identity/client': client === undefined ? `^${version}` : `file:${client}`,
        ...dependencies,
        tsx: '^4.23.0',
      },
    }),
  });

const NPM = ['npm install', 'npm start'];

export const TEMPLATES = {
  typescript: {
    brief: 'an agent in TypeScript',
    program: 'agent.ts',
    files: packageJson('agent.ts', {}),
    commands: NPM,
  },
  python: {
    brief: 'an agent in Python',
    program: 'agent.py',
    files: (client) => ({
      'requirements.txt': [
        `agent-identity-client${client === undefined ? `>=${version}` : ` @ ${pathToFileURL(client).href}`}`,
        'urllib3>=2',
        '',
      ].join('\n'),
    }),
    commands: [
      'python3 -m venv .venv',
      '.venv/bin/pip install --quiet --requirement requirements.txt',
      '.venv/bin/python agent.py',
    ],
  },
  mcp: {
    brief: 'an MCP server in TypeScript, on stdio',
    program: 'server.ts',
    files: packageJson('server.ts', { '@modelcontextprotocol/server': '^2.4.0' }),
    commands: ['npm install', 'npx --yes @modelcontextprotocol/inspector npx tsx server.ts'],
  },
} as const satisfies Readonly<Record<string, Template>>;

export type TemplateName = keyof typeof TEMPLATES;

export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as TemplateName[];

/** @throws CliError for another name, with the one that was probably meant */
export function templateNamed(text: string): TemplateName {
  const found = TEMPLATE_NAMES.find((name) => name === text.toLowerCase());
  if (found !== undefined) return found;
  const meant = closestTo(text.toLowerCase(), TEMPLATE_NAMES);
  throw usageError(
    `There is no template "${text}". The templates are ${TEMPLATE_NAMES.join(', ')}.`,
    meant === undefined ? undefined : `Did you mean ${meant}?`,
  );
}

/**
 * Returns the files of a project by name.
 *
 * @param folder of all templates
 * @param client absolute path of a package of the client library; undefined for the published one
 */
export function filesOf(
  name: TemplateName,
  settings: Settings,
  { folder, client }: { readonly folder: string; readonly client: string | undefined },
): Readonly<Record<string, string>> {
  const { program, files } = TEMPLATES[name];
  return {
    // A package with files of TypeScript would be taken for one with types.
    [program]: readFileSync(join(folder, name, `${program}.template`), 'utf8'),
    'settings.json': json(settings),
    ...files(client),
  };
}
