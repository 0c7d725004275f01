/**
 * The command line in this process, against the service in another one: the credential chain and the functions of the
 * service both read the environment of their process.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommandLine, type CommandLine } from '../../lib/cli/application';
import * as aws from '../../lib/cli/aws';
import * as cedar from '../../lib/cli/cedar';
import * as s3 from '../../lib/cli/s3';
import type { PrincipalName } from '../../lib/local/principals';
import { Programs, type Ready } from '../local/program';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Invocation {
  readonly env?: Readonly<Record<string, string>>;
  /** What a program writes to stdin. */
  readonly input?: string;
  /** What a person types, each when the question with this text has been asked. Stdin is then a terminal. */
  readonly answers?: readonly (readonly [question: string, answer: string])[];
  readonly openBrowser?: CommandLine['openBrowser'];
  readonly openFile?: CommandLine['openFile'];
  /** Called with all that was printed so far. */
  readonly onOutput?: (printed: string) => void;
}

const ACCESS_KEY = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

/** Runs a command. The credential chain reads the environment of this process. */
export async function runCommand(args: readonly string[], invocation: Invocation = {}): Promise<Outcome> {
  const {
    env = {},
    input = '',
    answers,
    openBrowser = () => Promise.resolve(false),
    openFile = () => Promise.resolve(false),
  } = invocation;
  const stdin = Object.assign(new PassThrough(), { isTTY: answers !== undefined });
  const left = [...(answers ?? [])];
  let stdout = '';
  let stderr = '';
  // After the previous question: a command can ask the same question again.
  let position = 0;
  const printed = (): void => {
    const [next] = left;
    const at = next ? stderr.indexOf(next[0], position) : -1;
    if (next && at >= 0) {
      left.shift();
      position = at + next[0].length;
      stdin.write(`${next[1]}\n`);
    }
    invocation.onOutput?.(stdout + stderr);
  };
  if (answers === undefined) stdin.end(input);
  const before = { ...process.env };
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION', ...ACCESS_KEY])
    delete process.env[name];
  // Neither the files of this computer nor its instance metadata are part of a test.
  Object.assign(process.env, {
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
  });
  try {
    const status = await runCommandLine({
      args,
      version: '1.2.3',
      process: {
        stdout: {
          write: (text: string) => {
            stdout += text;
            printed();
          },
        },
        stderr: {
          write: (text: string) => {
            stderr += text;
            printed();
          },
        },
        env,
      },
      stdin,
      loadService: () => {
        throw new Error('The command must not load the service.');
      },
      loadLocal: () => {
        throw new Error('The command must not load what runs on this computer.');
      },
      loadAws: () => aws,
      loadS3: () => s3,
      loadCedar: () => cedar,
      templates: join(__dirname, '../../lib/cli/templates'),
      openBrowser,
      openFile,
    });
    return { status, stdout, stderr };
  } finally {
    process.env = before;
  }
}

export class ServiceForCommands {
  private ready!: Ready;
  private folder!: string;
  private readonly programs = new Programs();

  static async start(env: Readonly<Record<string, string>> = {}): Promise<ServiceForCommands> {
    const service = new ServiceForCommands();
    await service.begin(env);
    return service;
  }

  /** The service of all tests of a file. It has no members until they begin. */
  static ofFile(env: Readonly<Record<string, string>> = {}): ServiceForCommands {
    const service = new ServiceForCommands();
    beforeAll(() => service.begin(env));
    afterAll(() => service.close());
    return service;
  }

  private async begin(env: Readonly<Record<string, string>>): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'command-'));
    const args = ['local', '--json', '--data-dir', join(this.folder, 'data')];
    this.ready = await this.programs.startCommand(args, env).ready();
  }

  get endpoint(): string {
    return this.ready.endpoint;
  }

  get secretsManagerEndpoint(): string {
    return this.ready.awsEndpoints.secretsManager;
  }

  /** Path of the log, which contains the audit log. */
  get logPath(): string {
    return join(this.folder, 'data/service.log');
  }

  /** Returns the environment of a principal. */
  env(principal: PrincipalName = 'operator'): Record<string, string> {
    const key = this.ready.principals[principal];
    if (!key) throw new Error(`The service has no principal ${principal}.`);
    const { accessKeyId, secretAccessKey } = key;
    return {
      AGENT_IDENTITY_ENDPOINT: this.endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
  }

  /** Runs a command as the operator, unless the environment has other credentials. */
  run(args: readonly string[], { env, ...invocation }: Invocation = {}): Promise<Outcome> {
    return runCommand(args, { ...invocation, env: { ...this.env(), ...env } });
  }

  /** Runs a command that must succeed, and returns its JSON output. */
  async json<Output>(args: readonly string[], invocation: Invocation = {}): Promise<Output> {
    const { status, stdout, stderr } = await this.run([...args, '--json'], invocation);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as Output;
  }

  async close(): Promise<void> {
    this.programs.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
