/** HTTP requests as an attacker would send them: signed or not, and then changed line by line. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { LOCAL_REGION } from '../../lib/local/principals';
import { agent } from './gateway-under-test';

export const PATH = '/identities/GetWorkloadAccessToken';
export const BODY = JSON.stringify({ workloadName: 'my-agent' });

export interface Handmade {
  /** Name and port in the Host header, and the address of the request. */
  host: string;
  method: string;
  /** Path with the query. */
  path: string;
  headers: Record<string, string | string[]>;
  body: string;
}

/** Returns a path template with the members of the path in their places. */
export const filledPath = (template: string, members: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\+?\}/g, (_, name: string) => encodeURIComponent(members[name] ?? ''));

export interface SigningChoices {
  method?: string;
  path?: string;
  body?: string;
  query?: Record<string, string | string[]>;
  headers?: Record<string, string>;
  region?: string;
  service?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  applyChecksum?: boolean;
  signingDate?: Date;
}

/** @param host `127.0.0.1:{port}` */
export const jwksRequest = (host: string): Handmade => ({
  host,
  method: 'GET',
  path: '/.well-known/jwks.json',
  headers: { host },
  body: '',
});

/** A valid request of the agent, except for the given choices. */
export async function signed(host: string, choices: SigningChoices = {}): Promise<Handmade> {
  const { signingDate = new Date() } = choices;
  const request = await signer(choices).sign(unsigned(host, choices), { signingDate });
  return handmade(host, request as HttpRequest, choices.body);
}

/** The request with the signature in the query. */
export async function presigned(host: string): Promise<Handmade> {
  return handmade(host, (await signer({}).presign(unsigned(host, {}))) as HttpRequest, undefined);
}

const unsigned = (host: string, choices: SigningChoices): HttpRequest =>
  new HttpRequest({
    method: choices.method ?? 'POST',
    path: choices.path ?? PATH,
    query: choices.query ?? {},
    headers: { host, 'content-type': 'application/json', ...choices.headers },
    body: choices.body ?? BODY,
  });

const signer = (choices: SigningChoices): SignatureV4 =>
  new SignatureV4({
    credentials: choices.credentials ?? agent,
    region: choices.region ?? LOCAL_REGION,
    service: choices.service ?? 'execute-api',
    sha256: Sha256,
    applyChecksum: choices.applyChecksum ?? true,
  });

function handmade(host: string, { method, path, query, headers }: HttpRequest, body = BODY): Handmade {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  return { host, method, path: pairs.length > 0 ? `${path}?${pairs.join('&')}` : path, headers, body };
}

/** The request with one header; a list results in several lines. */
export const withHeader = (request: Handmade, name: string, value: string | string[]): Handmade => ({
  ...request,
  headers: { ...request.headers, [name]: value },
});

export const withoutHeader = (request: Handmade, name: string): Handmade => ({
  ...request,
  headers: Object.fromEntries(Object.entries(request.headers).filter(([other]) => other !== name)),
});

export const inAuthorization = (request: Handmade, part: string | RegExp, replacement: string): Handmade =>
  withHeader(request, 'authorization', String(request.headers.authorization).replace(part, replacement));

export interface HttpResponse {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
  bytes: Buffer;
}

/** Sends the header lines unchanged; fetch would join repeated lines and reject some. */
export function send({ host, method, path, headers, body }: Handmade): Promise<HttpResponse> {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  if (body) lines.push('content-length', String(Buffer.byteLength(body)));
  if (!('connection' in headers)) lines.push('connection', 'close');
  return new Promise((resolve, reject) => {
    const port = Number(host.split(':').at(-1));
    const options = { host: '127.0.0.1', port, method, path, headers: lines, agent: false };
    const outgoing = httpRequest(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode, headers: incoming.headers, body: bytes.toString(), bytes });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
