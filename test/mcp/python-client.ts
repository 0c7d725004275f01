/** An MCP client in Python as a process, and its user, who has a browser. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** What a client writes, as `clients/user.py` describes. */
interface Told {
  /** URL of an authorization request of the login. */
  readonly open?: string;
  /** URL at which the user consents. */
  readonly link?: string;
  /** How the client got the link. */
  readonly how?: string;
  /** Text of the tool's result. */
  readonly result?: string;
  readonly packages?: readonly string[];
}

export interface User {
  /** Signs in; returns the URL that the browser is redirected to. */
  readonly signIn: (authorizationUrl: string) => Promise<URL>;
  readonly consent: (link: string) => Promise<void>;
}

/** What a client did, also one that failed. */
export interface Course {
  logins: number;
  /** How each link was obtained. */
  readonly links: string[];
  result: string | undefined;
  packages: readonly string[];
}

/** Milliseconds for everything that a client does. */
const TIMEOUT_MS = 60_000;

/** Between attempts to reach the redirect URI of a client that opens the browser before it listens there. */
const BETWEEN_ATTEMPTS_MS = 100;
const ATTEMPTS = 50;

async function openRedirect(url: URL): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await (await fetch(url)).text();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await pause(BETWEEN_ATTEMPTS_MS);
    }
  }
}

/**
 * Runs a client until it ends.
 *
 * @param program name of the file in `clients`
 * @param course receives what the client does
 * @throws Error with the client's output if it fails
 */
export async function runClient(
  python: string,
  program: string,
  arguments_: readonly string[],
  user: User,
  course: Course,
): Promise<void> {
  const child = spawn(python, [join(__dirname, 'clients', `${program}.py`), ...arguments_], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  // A client can have its result and end before this line arrives.
  child.stdin.on('error', () => undefined);
  let errors = '';
  child.stderr.on('data', (text) => (errors += String(text)));
  for await (const line of createInterface({ input: child.stdout })) {
    const { open, link, how = '', result, packages = [] } = JSON.parse(line) as Told;
    if (open !== undefined) {
      course.logins += 1;
      await openRedirect(await user.signIn(open));
    }
    if (link !== undefined) {
      course.links.push(how);
      await user.consent(link);
      child.stdin.write('done\n');
    }
    if (result !== undefined) Object.assign(course, { result, packages });
  }
  const [status] = await ended;
  if (status !== 0) throw new Error(`${program}.py failed:\n${errors}`);
}
