/** The official conformance suite of the Model Context Protocol, as a program on a separate Node.js. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths. */
export interface Suite {
  readonly node: string;
  readonly program: string;
  /** Folder with a file for each revision of the protocol. */
  readonly requirements: string;
}

/** Revisions of the protocol that have requirements in the suite. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

interface SuiteCheck {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

export interface Verdict {
  readonly name: 'pass' | 'FAIL' | 'skip' | 'none';
  /** The suite's own messages. */
  readonly because: readonly string[];
}

/** A scenario that the suite did not run. */
export const NONE: Verdict = { name: 'none', because: ['The suite has no result of it.'] };

function verdictOf(checks: readonly SuiteCheck[]): Verdict {
  const failures = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  if (failures.length > 0) {
    return { name: 'FAIL', because: failures.map(({ id, errorMessage = '' }) => `${id}: ${errorMessage}`) };
  }
  return { name: checks.some(({ status }) => status === 'SUCCESS') ? 'pass' : 'skip', because: [] };
}

/** Names of the server scenarios that a server must pass to conform to the revision. */
export async function scoredScenarios({ requirements }: Suite, revision: Revision): Promise<string[]> {
  const file = await readFile(join(requirements, `${revision}.yaml`), 'utf8');
  const [, list = ''] = /^server:\n((?: +- .+\n)+)/m.exec(file) ?? [];
  const names = [...list.matchAll(/- (\S+)/g)].map(([, name = '']) => name);
  if (names.length === 0) throw new Error(`The suite has no scored scenarios for ${revision}.`);
  return names;
}

/** The suite's folder for a scenario's result is named after it and the time. */
const RESULT = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/;

async function readResults(folder: string): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  for (const name of await readdir(folder)) {
    const scenario = RESULT.exec(name)?.[1];
    if (scenario === undefined)
      throw new Error(`The suite wrote ${name}, which is not the result of a scenario.`);
    const file = await readFile(join(folder, name, 'checks.json'), 'utf8');
    verdicts.set(scenario, verdictOf(JSON.parse(file) as SuiteCheck[]));
  }
  return verdicts;
}

/**
 * Runs the scenarios of a revision, also those that are not scored.
 *
 * @returns the verdict of each scenario by its name
 * @throws Error with the suite's output if it has no results
 */
export async function runSuite(
  { node, program }: Suite,
  revision: Revision,
  url: string,
): Promise<Map<string, Verdict>> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-mcp-'));
  try {
    const output = await new Promise<string>((ended) => {
      const arguments_ = [program, 'server', '--url', url, '--requirements', revision, '-o', folder];
      // Its exit code counts scenarios, which the results tell too.
      execFile(node, arguments_, { maxBuffer: Infinity }, (_error, stdout, stderr) => {
        ended(stdout + stderr);
      });
    });
    const results = await readResults(folder);
    if (results.size === 0) throw new Error(`The conformance suite has no results:\n${output}`);
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
