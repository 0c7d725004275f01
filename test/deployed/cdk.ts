/** The CDK command line, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { buildFunctions } from '../../scripts/build/functions';

const CLI = createRequire(__filename).resolve('aws-cdk/bin/cdk');

/** Lines of the output that are shown when a command fails. */
const LINES_OF_A_FAILURE = 40;

/** No prompts, no telemetry, and no version check. */
const QUIET = { CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true' };

const OutputsSchema = v.record(v.string(), v.record(v.string(), v.string()));

/** The outputs of stacks, by stack and name. */
export type Outputs = v.InferOutput<typeof OutputsSchema>;

export type Context = Readonly<Record<string, string>>;

const contextArguments = (context: Context): string[] =>
  Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]);

export class Cdk {
  private readonly running = new Set<ReturnType<typeof spawn>>();

  /** @param folder folder for assemblies and outputs; the caller removes it */
  constructor(private readonly folder: string) {}

  /** Ends a running command, for the shutdown. */
  end(): void {
    for (const child of this.running) child.kill('SIGKILL');
  }

  /**
   * Builds the functions and synthesizes an assembly for several commands.
   *
   * @param app the command of the CDK app
   * @param name the name of the assembly
   * @returns the folder of the assembly, for `deploy` and other commands
   */
  async synth(app: string, name: string, context: Context = {}): Promise<string> {
    await buildFunctions();
    const assembly = join(this.folder, name);
    await this.run('synth', '--quiet', '--app', app, '--output', assembly, ...contextArguments(context));
    return assembly;
  }

  async bootstrap(assembly: string, accountId: string, region: string): Promise<void> {
    await this.run('bootstrap', `aws://${accountId}/${region}`, '--app', assembly);
  }

  /** @returns the printed text, and the outputs of the deployed stacks */
  async deploy(assembly: string): Promise<{ printed: string; outputs: Outputs }> {
    const outputsFile = `${assembly}.outputs.json`;
    const printed = await this.run(
      ...['deploy', '--all', '--require-approval', 'never', '--progress', 'events'],
      ...['--app', assembly, '--outputs-file', outputsFile],
    );
    const outputs = v.parse(
      v.pipe(v.string(), v.parseJson(), OutputsSchema),
      await readFile(outputsFile, 'utf8'),
    );
    return { printed, outputs };
  }

  /** @throws Error with the differences, if there are any */
  async expectNoDifference(assembly: string): Promise<void> {
    await this.run('diff', '--fail', '--app', assembly);
  }

  /** @param stack the stack to destroy; by default, all stacks */
  async destroy(assembly: string, stack = '--all'): Promise<void> {
    await this.run('destroy', stack, '--force', '--app', assembly);
  }

  /** @returns the output of the command, on both streams */
  private async run(...command: string[]): Promise<string> {
    const child = spawn(process.execPath, [CLI, ...command, '--no-color', '--no-notices'], {
      env: { ...process.env, ...QUIET },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running.add(child);
    let printed = '';
    const add = (text: Buffer): void => {
      printed += text.toString('utf8');
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    const [status] = (await once(child, 'close')) as [number | null];
    this.running.delete(child);
    if (status === 0) return printed;
    const end = printed.trimEnd().split('\n').slice(-LINES_OF_A_FAILURE).join('\n');
    throw new Error(`cdk ${command.join(' ')} ended with ${status ?? 'a signal'}:\n${end}`);
  }
}
