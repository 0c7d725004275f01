/** The CDK's command line, as a person runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { buildFunctions } from '../../scripts/build/functions';

const CLI = createRequire(__filename).resolve('aws-cdk/bin/cdk');

/** How much of what was printed is shown when a command fails. */
const LINES_OF_A_FAILURE = 40;

/** No questions, and no calls to anyone about itself. */
const QUIET = { CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true' };

const OutputsSchema = v.record(v.string(), v.record(v.string(), v.string()));

/** The outputs of stacks, by stack and name. */
export type Outputs = v.InferOutput<typeof OutputsSchema>;

export type Context = Readonly<Record<string, string>>;

const contextArguments = (context: Context): string[] =>
  Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]);

export class Cdk {
  private readonly running = new Set<ReturnType<typeof spawn>>();

  /** @param folder for what is synthesized and put out; someone else removes it */
  constructor(private readonly folder: string) {}

  /** Ends what runs: for when everything is being taken down. */
  end(): void {
    for (const child of this.running) child.kill('SIGKILL');
  }

  /**
   * Builds the functions and synthesizes once what several commands then work on.
   *
   * @param app command of the CDK app
   * @param name of the assembly
   * @returns folder of the assembly, for `deploy` and the others
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

  /** @returns what was printed, and the outputs of the stacks that were deployed */
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

  /** @throws Error with the differences, when there are any */
  async expectNoDifference(assembly: string): Promise<void> {
    await this.run('diff', '--fail', '--app', assembly);
  }

  /** @param stack the only one to go; all of them unless given */
  async destroy(assembly: string, stack = '--all'): Promise<void> {
    await this.run('destroy', stack, '--force', '--app', assembly);
  }

  /** @returns what the command printed, on either stream */
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
