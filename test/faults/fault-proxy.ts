/**
 * Proxies between the functions and their dependencies, on real sockets. They record each call, and apply a fault to the
 * one that a case names.
 */
import {
  Agent,
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import { callOf, type Call, type DatabaseRequest, type Dependency, type Site } from './calls';
import { isPerformed, responseOf, type Armed, type Content, type Fault } from './fault-kinds';
import { passDeadlines } from './passing-time';

/** An item that a request wrote. */
export interface Touched {
  readonly table: string;
  readonly pk: string;
  readonly sk: string;
}

/** A request to a server outside AWS, with its response. */
export interface Exchange {
  readonly origin: string;
  readonly request: string;
  readonly response: string;
}

interface Server {
  readonly dependency: Dependency;
  /** Address of the server behind the proxy. */
  readonly target: URL;
  /** Whether the server must see its own address in `Host`. */
  readonly ownHost: boolean;
  /** Which requests are calls of the functions; the others pass. */
  readonly isCall: (path: string) => boolean;
}

interface Received {
  readonly message: IncomingMessage;
  readonly body: Buffer;
}

const everything = (): boolean => true;

/** Whether a server of the test sent the request: jose names itself where it fetches keys for one. */
const isOfServer = ({ 'user-agent': agent = '' }: IncomingHttpHeaders): boolean => agent.startsWith('jose/');

export class FaultProxies {
  /** Calls since the recording began, without repeated attempts. */
  private sites: Site[] = [];
  private readonly invocations = new Map<string, Site>();
  private armed: Armed | undefined;
  private reached = 0;
  private stalled: ServerResponse[] = [];
  private readonly closers: (() => Promise<void>)[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private written = new Map<string, Touched>();
  /** Tables to which the functions wrote; the reader empties it. */
  readonly writtenTables = new Set<string>();
  /** Open requests of the functions. */
  open = 0;
  /** Called with each exchange with a server outside AWS. */
  onExchange: (exchange: Exchange) => void = () => undefined;

  /** Called with the body of each request of the functions to a server outside AWS, before it can have a fault. */
  onRequest: (body: string) => void = () => undefined;

  /** @param otherOrigin a server that must never receive a request */
  constructor(private readonly otherOrigin: string) {}

  /** Begins a recording. @param armed the fault, and the call that has it */
  begin(armed?: Armed): void {
    this.sites = [];
    this.invocations.clear();
    this.written = new Map();
    this.reached = 0;
    this.armed = armed;
  }

  /** No further call has a fault. @returns how many requests had it */
  disarm(): number {
    this.armed = undefined;
    for (const response of this.stalled.splice(0)) response.destroy();
    return this.reached;
  }

  /** The calls since the recording began. */
  get calls(): readonly Site[] {
    return this.sites;
  }

  /** The items that were written since the recording began. */
  get touched(): readonly Touched[] {
    return [...this.written.values()];
  }

  async close(): Promise<void> {
    this.agent.destroy();
    for (const close of this.closers) await close();
  }

  /** Returns the address of a proxy in front of a server of AWS. */
  toAws(dependency: Dependency, target: string): Promise<string> {
    return this.start({ dependency, target: new URL(target), ownHost: true, isCall: everything });
  }

  /** Returns the address of a proxy in front of an OAuth server, whose pages for people always pass. */
  toServer(target: string, isCall: (path: string) => boolean): Promise<string> {
    return this.start({ dependency: 'OAuth servers', target: new URL(target), ownHost: false, isCall });
  }

  private async start(to: Server): Promise<string> {
    const server = createServer((message, response) => {
      this.open += 1;
      response.once('close', () => (this.open -= 1));
      this.serve(to, message, response).catch(() => response.destroy());
    });
    const { port, close } = await listenOnLoopback(server, 0);
    this.closers.push(() => {
      server.closeAllConnections();
      return close();
    });
    return `http://${LOOPBACK}:${port}`;
  }

  private async serve(to: Server, message: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = { message, body: await read(message) };
    const { url: path = '/', method = '', headers } = message;
    const text = received.body.toString('utf8');
    const fault =
      to.isCall(path) && !isOfServer(headers)
        ? this.faultOf(callOf(to.dependency, { method, path, headers }, text))
        : undefined;
    if (to.dependency === 'OAuth servers') this.onRequest(text);
    if (/\.(Put|Update|Delete)Item$/.test(String(headers['x-amz-target']))) this.note(text);
    if (!fault) {
      send(response, await this.perform(to, received));
      return;
    }
    await this.apply(fault, to, received, response);
  }

  /** Returns the fault of a call, if it is the one that has one. */
  private faultOf(call: Call): Fault | undefined {
    const known = call.invocation === undefined ? undefined : this.invocations.get(call.invocation);
    const site = known ?? this.newSite(call);
    const { armed } = this;
    if (armed?.site.label !== site.label || armed.site.dependency !== site.dependency) return undefined;
    if (armed.site.occurrence !== site.occurrence) return undefined;
    if (this.reached > 0 && !armed.fault.always) return undefined;
    this.reached += 1;
    return armed.fault;
  }

  private newSite({ dependency, label, invocation }: Call): Site {
    const before = this.sites.filter((site) => site.dependency === dependency && site.label === label);
    const site = { dependency, label, occurrence: before.length + 1 };
    this.sites.push(site);
    if (invocation !== undefined) this.invocations.set(invocation, site);
    return site;
  }

  private note(text: string): void {
    const { TableName: table, Key, Item } = JSON.parse(text) as DatabaseRequest;
    const { pk, sk } = Key ?? Item ?? {};
    if (table !== undefined) this.writtenTables.add(table);
    if (table === undefined || pk?.S === undefined || sk?.S === undefined) return;
    this.written.set(`${table} ${pk.S} ${sk.S}`, { table, pk: pk.S, sk: sk.S });
  }

  private async apply(
    { kind }: Fault,
    to: Server,
    received: Received,
    response: ServerResponse,
  ): Promise<void> {
    const answer = isPerformed(kind) ? await this.perform(to, received) : undefined;
    if (kind === 'silent') {
      this.stalled.push(response);
      await passDeadlines(() => response.destroyed);
    } else if (kind === 'cut') {
      cut(response, answer);
    } else if (kind === 'twice') {
      send(response, await this.perform(to, received));
    } else {
      // Without a response, the connection closes.
      send(response, responseOf(kind, to.dependency, this.otherOrigin + (received.message.url ?? '/')));
    }
  }

  private async perform(
    { target, ownHost, dependency }: Server,
    { message: { url: path = '/', method, headers, rawHeaders }, body }: Received,
  ): Promise<Content & { readonly rawHeaders: string[]; readonly bytes: Buffer }> {
    const answer = await new Promise<IncomingMessage>((answered, failed) => {
      const sent = ownHost ? { ...headers, host: target.host } : rawHeaders;
      forward(new URL(path, target), { method, headers: sent, agent: this.agent }, answered)
        .on('error', failed)
        .end(body);
    });
    const bytes = await read(answer);
    if (dependency === 'OAuth servers') {
      const origin = `http://${String(headers.host)}`;
      const location = String(answer.headers.location ?? '');
      const request = `${path} ${String(headers.authorization ?? '')} ${body.toString('utf8')}`;
      this.onExchange({ origin, request, response: `${location} ${bytes.toString('utf8')}` });
    }
    return {
      status: answer.statusCode ?? 502,
      headers: {},
      rawHeaders: answer.rawHeaders,
      body: '',
      bytes,
    };
  }
}

type Answer = Content & { readonly rawHeaders?: string[]; readonly bytes?: Buffer };

function send(response: ServerResponse, answer: Answer | undefined): void {
  if (!answer) {
    response.destroy();
    return;
  }
  const { status, headers, rawHeaders, body, bytes = Buffer.from(body) } = answer;
  if (rawHeaders) response.writeHead(status, rawHeaders);
  else response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

/** Sends half of a response, and closes the connection. */
function cut(response: ServerResponse, answer: Answer | undefined): void {
  const { status = 200, bytes = Buffer.alloc(0) } = answer ?? {};
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length + 2 });
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy());
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
