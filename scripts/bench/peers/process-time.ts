/**
 * CPU time of whole processes: all threads, all descendants, and children that it waited for, in user and kernel mode.
 * Source: proc_pid_stat(5).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const PROC = '/proc';

interface ProcessStat {
  readonly parent: number;
  /** In clock ticks. */
  readonly time: number;
}

/** @returns whether the system has what {@link cpuTime} reads, which is Linux only */
export const hasProcessTimes = (): boolean => existsSync(`${PROC}/self/stat`);

let perSecond: number | undefined;

const ticksPerSecond = (): number =>
  (perSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })));

/** @param line content of `/proc/{pid}/stat`; the name of the program is in parentheses and can contain any character */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return { parent: field(4), time: field(14) + field(15) + field(16) + field(17) };
}

function allProcesses(): Map<number, ProcessStat> {
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync(PROC)) {
    if (!/^\d+$/.test(name)) continue;
    try {
      stats.set(Number(name), parseStat(readFileSync(`${PROC}/${name}/stat`, 'utf8')));
    } catch {
      // The process ended after the folder was listed.
    }
  }
  return stats;
}

/**
 * Returns the milliseconds of CPU that each process and its descendants have used.
 *
 * @param pids of the processes, by name
 */
export function cpuTime<Name extends string>(
  pids: Readonly<Partial<Record<Name, number>>>,
): Partial<Record<Name, number>> {
  const stats = allProcesses();
  const timeOf = (root: number): number => {
    let ticks = stats.get(root)?.time ?? 0;
    for (const [pid, { parent }] of stats) if (parent === root) ticks += timeOf(pid);
    return ticks;
  };
  const times: Partial<Record<Name, number>> = {};
  for (const name in pids) {
    const { [name]: pid } = pids;
    if (pid !== undefined) times[name] = (timeOf(pid) * 1000) / ticksPerSecond();
  }
  return times;
}
