/**
 * Watches a run of the service for secrets in the wrong place. It learns each secret from the member that carries it, so no
 * test names its secrets, and none is forgotten. At the end, it searches all other bytes that the run sent or wrote.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CARRIERS, kindsOf, type Kind, type ServerName, type Source } from './carriers';
import { ExchangeRecorder, type Exchange, type Message } from './exchange-recorder';
import { MarkedSecrets, type Mark } from './marked-secrets';
import { MemberRemoval } from './members';

/** Every place that the service fills. A caller's request and a third party's response are theirs. */
const SEARCHED: ReadonlySet<Source> = new Set([
  'response of service',
  'response of gate',
  'request to third party',
  'request to dynamodb',
  'request to kms',
  'request to s3',
  'request to secretsmanager',
  'request to sts',
  'request to lambda',
  'response of lambda',
  'file',
  'output',
]);

/** By the environment variable that tells the functions its address. */
const AWS_SERVERS = {
  AWS_ENDPOINT_URL_DYNAMODB: 'dynamodb',
  AWS_ENDPOINT_URL_KMS: 'kms',
  AWS_ENDPOINT_URL_LAMBDA: 'lambda',
  AWS_ENDPOINT_URL_S3: 's3',
  AWS_ENDPOINT_URL_SECRETS_MANAGER: 'secretsmanager',
  AWS_ENDPOINT_URL_STS: 'sts',
} as const satisfies Record<string, ServerName>;

/** One message, one file, or the output of the process. */
interface Place {
  readonly source: Source;
  /** Operation, path, or file. */
  readonly name: string;
  readonly content: Message | Buffer;
}

/** A secret in a place that is not meant to have it. */
export interface Leak extends Mark {
  readonly place: string;
}

export interface Findings {
  readonly marks: readonly Mark[];
  /** How many places of each source were searched. */
  readonly searched: Readonly<Record<string, number>>;
  readonly leaks: readonly Leak[];
}

/** The running service, its agent endpoints, and the folder with its tables, its log, and its other files. */
export interface Watched {
  readonly endpoint: string;
  readonly gates?: readonly string[];
  readonly dataDir: string;
}

const portOf = (url: string): number => Number(new URL(url).port);

function serverNames({ endpoint, gates = [] }: Watched): Map<number, ServerName> {
  const names = new Map<number, ServerName>([[portOf(endpoint), 'service']]);
  for (const gate of gates) names.set(portOf(gate), 'gate');
  for (const [variable, name] of Object.entries(AWS_SERVERS)) {
    const url = process.env[variable];
    if (url !== undefined) names.set(portOf(url), name);
  }
  return names;
}

/** Browsers and fetch send it, and the functions do not. The cookies of a browser are for all ports of a host. */
const IS_FROM_TEST = /^sec-fetch-mode:/im;

function placesOf({ method, path, request, response }: Exchange, server: ServerName): Place[] {
  const [, operation] = /^x-amz-target: [^.\r\n]*\.(\w+)/im.exec(request.head) ?? [];
  const name = operation ?? (server === 'third party' ? `${method} ${path}` : path);
  const places: Place[] = [{ source: `response of ${server}`, name, content: response }];
  if (server === 'third party' && IS_FROM_TEST.test(request.head)) return places;
  return [{ source: `request to ${server}`, name, content: request }, ...places];
}

async function filesIn(folder: string): Promise<Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path) => ({
      source: 'file' as const,
      name: relative(folder, path),
      content: await readFile(path),
    })),
  );
}

/** The value of a member, which can contain secrets of some kinds only. */
interface Member {
  readonly kinds: readonly Kind[];
  readonly value: string;
}

/** What is searched. */
interface Rest {
  /** The bytes of a place without the members that carry or repeat a secret. */
  readonly bytes: Buffer;
  readonly members: readonly Member[];
}

const inLowerCase = <Value>(members: Readonly<Record<string, Value>>): [string, Value][] =>
  Object.entries(members).map(([member, value]) => [member.toLowerCase(), value]);

/** Takes the members that carry a secret out of a place, and marks their secrets. */
function unmarked({ source, name, content }: Place, secrets: MarkedSecrets): Rest {
  const carriers = CARRIERS.filter((each) => each.source === source && (each.of?.test(name) ?? true));
  const kinds = new Map(carriers.flatMap(({ carries = {} }) => inLowerCase(carries)));
  const repeats = new Map(carriers.flatMap((each) => inLowerCase(each.repeats ?? {})));
  const headers = new Map(carriers.flatMap(({ repeatsInHeaders = {} }) => inLowerCase(repeatsInHeaders)));
  const members: Member[] = [];
  const names = new Set([...kinds.keys(), ...repeats.keys()]);
  const removal = new MemberRemoval(names, new Set(headers.keys()), (member, value) => {
    const carried = kinds.get(member);
    if (carried !== undefined) secrets.mark(carried, value);
    const allowed = [
      ...(carried === undefined ? [] : kindsOf(carried)),
      ...(repeats.get(member) ?? headers.get(member) ?? []),
    ];
    members.push({ kinds: allowed, value });
  });
  const isMessage = 'head' in content;
  const whole = () => (isMessage ? Buffer.concat([Buffer.from(`${content.head}\n`), content.body]) : content);
  if (carriers.length === 0) return { bytes: whole(), members };
  const rest = isMessage ? removal.fromMessage(content) : removal.fromText(content.toString());
  return { bytes: Buffer.from(rest), members };
}

/** @returns the marks of the secrets that are not meant to be there */
function leaked({ bytes, members }: Rest, secrets: MarkedSecrets): Mark[] {
  const others = members.flatMap(({ kinds, value }) =>
    secrets.find(Buffer.from(value)).filter((mark) => !kinds.includes(mark.kind)),
  );
  return [...new Set([...secrets.find(bytes), ...others])];
}

export class SecretWatch {
  private readonly recorder = new ExchangeRecorder();
  private readonly output: Buffer[] = [];
  private restoreOutput: () => void = () => undefined;

  /** Begins before the service starts. */
  start(): void {
    this.recorder.start();
    const streams = [process.stdout, process.stderr] as unknown as {
      write: (...values: unknown[]) => boolean;
    }[];
    const restore = streams.map((stream) => {
      const { write } = stream;
      stream.write = (...values) => {
        this.output.push(Buffer.from(values[0] as string));
        return write.apply(stream, values);
      };
      return () => {
        stream.write = write;
      };
    });
    this.restoreOutput = () => {
      for (const each of restore) each();
    };
  }

  /** Ends while the service still runs, because the environment of its functions tells the servers apart. */
  async end(watched: Watched): Promise<Findings> {
    this.restoreOutput();
    const names = serverNames(watched);
    const places: Place[] = [
      ...this.recorder
        .stop()
        .flatMap((exchange) => placesOf(exchange, names.get(exchange.port) ?? 'third party')),
      ...(await filesIn(watched.dataDir)),
      { source: 'output', name: 'of the process', content: Buffer.concat(this.output) },
    ];
    const secrets = new MarkedSecrets();
    // All secrets are known before the search, because a place can have one before its carrier.
    const rests = places.map((place) => ({ place, rest: unmarked(place, secrets) }));
    const searched: Record<string, number> = {};
    const leaks = rests.flatMap(({ place: { source, name }, rest }) => {
      if (!SEARCHED.has(source)) return [];
      searched[source] = (searched[source] ?? 0) + 1;
      return leaked(rest, secrets).map((mark) => ({ ...mark, place: `${source} ${name}` }));
    });
    return { marks: secrets.marks, searched, leaks };
  }
}
