/** The setup of the demonstration: all parties in this process, one user's browser, and a recorder of requests. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggedService } from '../../lib/local/logged-service';
import type { ExampleWorld } from '../local/start';
import { startWorld, type World } from '../local/world';
import { AuditTrail } from './audit-trail';
import { Browser, type Page } from './browser';
import { Wire, type Exchange, type Parties } from './wire';

export class Stage {
  readonly browser = new Browser();
  readonly wire: Wire;
  readonly audit: AuditTrail;
  readonly service: LoggedService;
  readonly world: ExampleWorld;

  // Values that one step learns and later steps need. Steps run in order.
  page!: Page;
  signInState!: string;
  userToken!: string;
  workloadAccessToken!: string;
  /** From the consent link, so anyone who received the link knows it. */
  sessionUri!: string;
  calendarToken!: string;
  gateCall!: Exchange;
  agentCall!: Exchange;
  calendarCall!: Exchange;

  private constructor(
    private readonly started: World,
    private readonly dataDir: string,
  ) {
    this.service = started.service;
    this.world = started.examples;
    this.audit = new AuditTrail(started.service.logPath);
    this.wire = new Wire(this.parties());
  }

  /** Starts all parties on free ports, with a new data folder. */
  static async set(): Promise<Stage> {
    const dataDir = await mkdtemp(join(tmpdir(), 'agent-identity-demo-'));
    try {
      const world = await startWorld({ port: 0, dataDir, trustedIssuers: [], pythonAgent: false });
      const stage = new Stage(world, dataDir);
      await stage.audit.skip();
      return stage;
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get logPath(): string {
    return this.service.logPath;
  }

  /** Stops all parties and keeps their files for inspection. */
  async stop(): Promise<void> {
    this.wire.close();
    await this.started.close();
  }

  /** Stops all parties and deletes their files. */
  async strike(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Searches every file in the data folder for these words. */
  async search(words: readonly string[]): Promise<{ files: number; found: number }> {
    const entries = await readdir(this.dataDir, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const contents = await Promise.all(paths.map((path) => readFile(path)));
    const found = contents.filter((content) => words.some((word) => content.includes(word)));
    return { files: paths.length, found: found.length };
  }

  private parties(): Parties {
    const { exampleApp, identityProvider, calendar, agent } = this.world;
    const { endpoint, principals } = this.service;
    const at = (url: string, party: string): [number, string] => [Number(new URL(url).port), party];
    return {
      servers: new Map([
        at(exampleApp, 'application'),
        at(identityProvider.issuer, 'Fernhill ID'),
        at(calendar.issuer, 'Almanac'),
        at(calendar.eventsUrl, 'calendar'),
        at(endpoint, 'identity'),
        at(agent.invocationUrl, 'gate'),
        at(agent.url, 'agent'),
      ]),
      senderOf: (to, request) => {
        const signer = SIGNER.exec(request.headers.authorization ?? '')?.groups?.accessKeyId;
        if (signer === principals.gate.accessKeyId) return 'gate';
        // The agent and its application use one role. The application only confirms consents.
        if (signer === principals.agent.accessKeyId) return isConfirmation(request) ? 'application' : 'agent';
        return unsignedCaller(to, request);
      },
    };
  }
}

const SIGNER = /^AWS4-HMAC-SHA256 Credential=(?<accessKeyId>[^/]+)\//;

const isConfirmation = ({ url }: IncomingMessage): boolean => url === '/identities/CompleteResourceTokenAuth';

/** Only browsers accept HTML, and each server has one other kind of caller. */
function unsignedCaller(to: string, request: IncomingMessage): string {
  if (request.headers.accept === 'text/html') return 'browser';
  const callers: Readonly<Record<string, string>> = {
    gate: 'application',
    agent: 'gate',
    calendar: 'agent',
    'Fernhill ID': request.url?.startsWith('/token') === true ? 'application' : 'identity',
    Almanac: 'identity',
  };
  return callers[to] ?? 'unknown';
}

/** Returns the token of an `Authorization: Bearer` header. */
export const bearerToken = (exchange: Exchange): string =>
  header(exchange, 'authorization').replace(/^Bearer /i, '');

/** Returns a request header, or an empty string if it is absent. */
export const header = ({ headers }: Exchange, name: string): string => String(headers[name] ?? '');

export const list = (words: readonly string[]): string => words.join(', ');
