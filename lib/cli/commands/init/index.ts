/** `agent-identity init`: a new agent or MCP server, with its workload identity. */
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { shellWord } from '../../../local/shell-word';
import { closestTo } from '../../closest-name';
import {
  CONNECTION_FLAGS,
  optionalText,
  optionalTexts,
  optionalUrl,
  type ConnectionFlags,
} from '../../connection-flags';
import type { CliContext } from '../../context';
import { CliError, ServiceFailure, usageError } from '../../failure';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { print, printAside, printJson } from '../../output';
import { ask, askOptional, isInteractive } from '../../prompt';
import { allPages, connect, type Service } from '../../service';
import { filesOf, TEMPLATE_NAMES, templateNamed, TEMPLATES, type TemplateName } from './templates';

interface InitFlags extends ConnectionFlags {
  readonly template?: TemplateName;
  readonly name?: string;
  readonly provider?: string;
  readonly scope?: readonly string[];
  readonly url?: string;
  readonly userId: string;
  readonly returnUrl: string;
  readonly client?: string;
}

interface Answers {
  readonly directory: string;
  readonly template: TemplateName;
  readonly provider: string;
  readonly scopes: readonly string[];
  readonly url: string;
}

const URL_PARAMETER = optionalUrl('--url', 'URL that the tool reads with the access token');

/** Asks again for an answer that is not valid. */
async function askValid<Value>(
  context: CliContext,
  question: string,
  parse: (text: string) => Value,
): Promise<Value> {
  for (;;) {
    const text = await ask(context, question);
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      printAside(context, error.message);
    }
  }
}

/** Returns the name of a provider. One that does not exist can be connected later, unless its name is a typing error. */
function providerNamed(text: string, names: readonly string[]): string {
  const meant = names.includes(text) ? undefined : closestTo(text, names);
  if (meant === undefined) return text;
  throw usageError(
    `There is no credential provider "${text}".`,
    `Did you mean "${meant}"? Otherwise, connect "${text}" first: agent-identity connect ${shellWord(text)}`,
  );
}

/** Returns what the options state, and asks for the rest. */
async function answersOf(
  context: CliContext,
  { template, provider, scope, url }: InitFlags,
  { directory, providers }: { readonly directory: string | undefined; readonly providers: readonly string[] },
): Promise<Answers> {
  const missing = [
    ...(directory === undefined ? ['the argument DIRECTORY'] : []),
    ...(template === undefined ? [`--template (${TEMPLATE_NAMES.join(', ')})`] : []),
    ...(provider === undefined ? ['--provider'] : []),
    ...(url === undefined ? ['--url'] : []),
  ];
  if (missing.length > 0 && !isInteractive(context)) {
    throw usageError('There is no terminal for questions.', `Set ${missing.join(', ')}.`);
  }
  const named = (text: string): string => providerNamed(text, providers);
  if (template === undefined) {
    printAside(context, ...TEMPLATE_NAMES.map((name) => `  ${name.padEnd(12)}${TEMPLATES[name].brief}`));
  }
  const known = providers.length > 0 ? ` (you have ${providers.join(', ')})` : '';
  return {
    template: template ?? (await askValid(context, 'What to write', templateNamed)),
    directory: directory ?? (await ask(context, 'Folder')),
    provider:
      provider === undefined
        ? await askValid(context, `Credential provider${known}`, named)
        : named(provider),
    url: url ?? (await askValid(context, 'URL that the tool reads', URL_PARAMETER.parse)),
    scopes:
      scope ??
      (missing.length === 0
        ? []
        : ((await askOptional(context, 'Scopes, with spaces between them (Enter for none)')) ?? '')
            .split(/[\s,]+/)
            .filter((text) => text !== '')),
  };
}

/** @throws CliError if the program cannot listen there: a server at another address must pass the return to it */
function checkReturnUrl(returnUrl: string): void {
  const { protocol, hostname, port } = URL.canParse(returnUrl) ? new URL(returnUrl) : new URL('none:');
  if (protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(hostname) && port !== '') return;
  throw usageError(
    'The program listens at --return-url, so it must be an http URL on this computer with a port.',
    'For example, http://127.0.0.1:8400/connected.',
  );
}

/** @throws CliError if a file of the project exists */
function checkFree(folder: string, names: readonly string[]): void {
  const present = names.filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }));
  if (present.length === 0) return;
  throw new CliError(`The folder ${folder} already has ${present.join(' and ')}, so nothing was written.`, {
    next: 'Name another folder, or move what is there.',
  });
}

interface WorkloadIdentity {
  readonly workloadIdentityArn: string;
  readonly allowedResourceOauth2ReturnUrls?: readonly string[];
}

/** Creates the workload identity, unless the caller has it with this return URL. */
async function workloadIdentity(
  service: Service,
  name: string,
  returnUrl: string,
): Promise<{ readonly arn: string; readonly created: boolean }> {
  try {
    const { workloadIdentityArn } = await namingOptions(
      { name: '--name', allowedResourceOauth2ReturnUrls: '--return-url' },
      () =>
        service.call<WorkloadIdentity>(OPERATIONS.CreateWorkloadIdentity, {
          name,
          allowedResourceOauth2ReturnUrls: [returnUrl],
        }),
      (failure) => nameTaken(failure, 'agent'),
    );
    return { arn: workloadIdentityArn, created: true };
  } catch (error) {
    if (!(error instanceof ServiceFailure) || error.problem?.code !== 'NameTaken') throw error;
    const found = await service
      .call<WorkloadIdentity>(OPERATIONS.GetWorkloadIdentity, { name })
      .catch((): undefined => undefined);
    if (!found) throw error;
    const urls = found.allowedResourceOauth2ReturnUrls ?? [];
    if (urls.includes(returnUrl)) return { arn: found.workloadIdentityArn, created: false };
    const flags = [...urls, returnUrl].map((url) => `--return-url ${shellWord(url)}`).join(' ');
    throw new CliError(`You have an agent "${name}", which does not have the return URL ${returnUrl}.`, {
      next: `Choose another name with --name, or run: agent-identity agent update ${name} ${flags}`,
    });
  }
}

const ownProviders = async (service: Service): Promise<string[]> =>
  (
    await allPages<{ name: string }>(service, OPERATIONS.ListOauth2CredentialProviders, 'credentialProviders')
  ).map(({ name }) => name);

export const init = buildCommand({
  docs: {
    brief: 'Write a new agent or MCP server, and create its workload identity',
    fullDescription: [
      'Writes a small project whose tool reads a URL with the access token of a user, and creates its workload identity at the service.',
      'The templates are typescript and python, which are agents, and mcp, which is an MCP server in TypeScript on stdio.',
      'No file is overwritten. On a terminal, the command asks for what is missing.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      template: {
        kind: 'parsed',
        parse: templateNamed,
        optional: true,
        placeholder: 'name',
        brief: `What to write: ${TEMPLATE_NAMES.join(', ')}`,
        proposeCompletions: (partial: string) => TEMPLATE_NAMES.filter((name) => name.startsWith(partial)),
      },
      name: optionalText('name', 'Name of the workload identity (default: that of the folder)'),
      provider: optionalText('name', 'Credential provider of the access token'),
      scope: optionalTexts('scope', 'Scope of the access token; set the option again for each further scope'),
      url: URL_PARAMETER,
      userId: {
        kind: 'parsed',
        parse: String,
        default: 'alice',
        placeholder: 'ID',
        brief: 'User for whom it acts',
      },
      returnUrl: {
        kind: 'parsed',
        parse: String,
        default: 'http://127.0.0.1:8400/connected',
        placeholder: 'URL',
        brief: 'URL to which the browser returns after a consent, where the program listens',
      },
      client: optionalText(
        'path',
        'Tarball, wheel, or folder of the client library (default: the published package)',
      ),
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Folder of the project', parse: String, placeholder: 'directory', optional: true },
      ],
    },
  },
  async func(this: CliContext, flags: InitFlags, stated?: string) {
    checkReturnUrl(flags.returnUrl);
    const client = flags.client === undefined ? undefined : resolve(flags.client);
    if (client !== undefined && !existsSync(client)) {
      throw usageError(`There is no file ${client}.`, 'Set --client to a package of the client library.');
    }
    const service = await connect(this, flags);
    const providers = await ownProviders(service);
    const answers = await answersOf(this, flags, { directory: stated, providers });
    const { directory, template, provider, scopes, url } = answers;
    const other = template === 'python' ? '.tgz' : '.whl';
    if (client?.endsWith(other)) {
      throw usageError(
        `The template ${template} cannot install ${client}.`,
        'Set --client to a package of its language.',
      );
    }
    const folder = resolve(directory);
    const workloadName = flags.name ?? basename(folder);
    const { userId, returnUrl } = flags;
    const files = filesOf(
      template,
      { workloadName, userId, providerName: provider, scopes, resourceUrl: url, returnUrl },
      { folder: this.templates, client },
    );
    const names = Object.keys(files);
    checkFree(folder, names);
    const { arn, created } = await workloadIdentity(service, workloadName, returnUrl);
    await mkdir(folder, { recursive: true });
    // A file that exists is not overwritten, even if it was written just now.
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text, { flag: 'wx' });
    }
    const commands = [
      ...(providers.includes(provider) ? [] : [`agent-identity connect ${shellWord(provider)} --issuer URL`]),
      `cd ${shellWord(directory)}`,
      ...TEMPLATES[template].commands,
    ];
    if (flags.json) {
      printJson(this, { folder, files: names, workloadIdentityArn: arn, created, commands });
      return;
    }
    print(
      this,
      `Wrote ${TEMPLATES[template].brief} to ${folder}: ${names.join(', ')}`,
      `${created ? 'Created' : 'Uses'} the workload identity "${workloadName}" at ${service.endpoint}`,
      '',
      'Run in this terminal:',
      ...commands.map((command) => `  ${command}`),
      '',
      'The first call gives you a URL: open it, and allow access. settings.json has what you can change.',
    );
    if (client === undefined) {
      printAside(
        this,
        'If the client library is not published yet, its installation fails: set --client to its package, which npm run pack writes.',
      );
    }
  },
});
