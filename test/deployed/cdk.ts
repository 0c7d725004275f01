/** The CDK command line, as a user runs it. */
import { createRequire } from 'node:module';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { buildFunctions } from '../../scripts/build/functions';
import type { Commands } from './commands';

const CLI = createRequire(__filename).resolve('aws-cdk/bin/cdk');

/** No prompts, no telemetry, and no version check. */
const QUIET = { CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: 'true' };

const OutputsSchema = v.record(v.string(), v.record(v.string(), v.string()));

/** The outputs of stacks, by stack and name. */
export type Outputs = v.InferOutput<typeof OutputsSchema>;

export type Context = Readonly<Record<string, string>>;

const contextArguments = (context: Context): string[] =>
  Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]);

/** The project whose apps are synthesized. */
export interface CdkProject {
  /** The folder in which the commands of the apps run. */
  readonly root: string;
  readonly buildFunctions: () => Promise<unknown>;
}

const THIS_PROJECT: CdkProject = { root: join(__dirname, '../..'), buildFunctions };

export class Cdk {
  /** Assemblies by app and context, as they were synthesized. */
  private readonly synthesized = new Map<string, Promise<string>>();

  /** @param folder folder for assemblies and outputs; the caller removes it */
  constructor(
    private readonly folder: string,
    private readonly commands: Commands,
    private readonly project = THIS_PROJECT,
  ) {}

  /** Returns the command line of another project's apps. */
  of(project: CdkProject): Cdk {
    return new Cdk(this.folder, this.commands, project);
  }

  /**
   * Builds the functions and synthesizes an assembly for several commands. The same app with the same context is
   * synthesized once.
   *
   * @param app the command of the CDK app
   * @param name the name of the assembly
   * @returns the folder of the assembly, for `deploy` and other commands; the caller can change its content
   */
  async synth(app: string, name: string, context: Context = {}): Promise<string> {
    const key = JSON.stringify([app, context]);
    const known = this.synthesized.get(key) ?? this.synthesizeIn(`${name}.original`, app, context);
    this.synthesized.set(key, known);
    const assembly = join(this.folder, name);
    await cp(await known, assembly, { recursive: true });
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

  /** @param stack the stack to destroy, without the stacks that depend on it; by default, all stacks */
  async destroy(assembly: string, stack?: string): Promise<void> {
    const stacks = stack === undefined ? ['--all'] : [stack, '--exclusively'];
    await this.run('destroy', ...stacks, '--force', '--app', assembly);
  }

  private async synthesizeIn(name: string, app: string, context: Context): Promise<string> {
    await this.project.buildFunctions();
    const output = join(this.folder, name);
    await this.run('synth', '--quiet', '--app', app, '--output', output, ...contextArguments(context));
    return output;
  }

  /** @returns the output of the command, on both streams */
  private run(...command: string[]): Promise<string> {
    return this.commands.run(process.execPath, [CLI, ...command, '--no-color', '--no-notices'], {
      cwd: this.project.root,
      env: { ...process.env, ...QUIET },
    });
  }
}
