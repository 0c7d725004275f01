/** What the commands use of the program around them. */
import type { Readable } from 'node:stream';
import type { CommandContext, StricliProcess } from '@stricli/core';
import type * as Serve from '../local/serve';
import type * as Aws from './aws';
import type * as Cedar from './cedar';
import type * as S3 from './s3';

/** Where a person types, or where a program writes a secret. */
export type Input = Readable & { readonly isTTY?: boolean };

/** Where the command prints. A terminal has a width. */
export type Output = StricliProcess['stdout'] & { readonly columns?: number };

export interface Environment {
  readonly process: Pick<StricliProcess, 'env'> & { readonly stdout: Output; readonly stderr: Output };
  readonly stdin: Input;
  /** Loads the service. Commands load it when they run, because that takes much longer than to print help. */
  readonly loadService: () => Pick<typeof Serve, 'serve'>;
  /** Loads what else runs on this computer, for the same reason: the gate of an agent endpoint, and a console. */
  readonly loadLocal: () => Pick<
    typeof Serve,
    'startGate' | 'startConsole' | 'endOfProgram' | 'SettingError' | 'StartError'
  >;
  /** Loads what finds AWS credentials and signs requests, for the same reason. */
  readonly loadAws: () => typeof Aws;
  /** Loads the client of Amazon S3, which only one command uses. */
  readonly loadS3: () => typeof S3;
  /** Loads what evaluates policies, which only one command uses. */
  readonly loadCedar: () => typeof Cedar;
  /** Folder of the projects that `init` writes. */
  readonly templates: string;
  /** Opens a URL in the person's browser. Returns whether a browser could be started. */
  readonly openBrowser: (url: string) => Promise<boolean>;
  /** Opens a file with HTML in the person's browser, as {@link openBrowser}. */
  readonly openFile: (path: string) => Promise<boolean>;
}

export interface CliContext extends CommandContext, Omit<Environment, 'process'> {
  readonly process: Omit<Environment['process'], 'env'>;
  readonly env: Readonly<Partial<Record<string, string>>>;
}
