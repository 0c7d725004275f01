/** Requests of the scenarios: signed as an AWS client signs them, without its retries. */
import { type JsonOperationName, OPERATIONS } from '../../../lambda/operations';
import type { Route } from '../../../lambda/operations/operation';
import type { PrincipalName } from '../../flows/support/world';
import { filledPath, send, signed, type HttpResponse } from '../../local/handmade-request';
import type { Stage } from '../stage';

export interface Input {
  readonly body?: object;
  readonly resourceArn?: string;
  /** Other members in the path. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly query?: Record<string, string>;
}

export const callerOf = (name: JsonOperationName): PrincipalName =>
  OPERATIONS[name].group === 'operator' ? 'operator' : 'agent';

export async function call(
  { world }: Stage,
  name: JsonOperationName,
  { body, resourceArn = '', labels, query }: Input,
): Promise<HttpResponse> {
  const { method, path }: Route = OPERATIONS[name];
  const { accessKeyId, secretAccessKey } = world.local.principals[callerOf(name)];
  const { host } = new URL(world.local.endpoint);
  return send(
    await signed(host, {
      method,
      path: filledPath(path, { resourceArn, ...labels }),
      body: body ? JSON.stringify(body) : '',
      credentials: { accessKeyId, secretAccessKey },
      ...(query && { query }),
    }),
  );
}

/** A call that must succeed, as part of a preparation or a check. */
export async function called<Output>(stage: Stage, name: JsonOperationName, input: Input): Promise<Output> {
  const { status = 0, body } = await call(stage, name, input);
  if (status >= 300) throw new Error(`${name}: ${status} ${body.slice(0, 300)}`);
  return (body === '' ? {} : JSON.parse(body)) as Output;
}

export const json = <Body>({ body }: HttpResponse): Body => JSON.parse(body) as Body;

/** A request of a browser. */
export function open(
  url: string,
  { cookie, method = 'GET', form }: { cookie?: string; method?: string; form?: Record<string, string> } = {},
): Promise<HttpResponse> {
  const { host, pathname, search, origin } = new URL(url);
  return send({
    host,
    method,
    path: pathname + search,
    headers: {
      host,
      accept: 'text/html',
      ...(cookie !== undefined && { cookie }),
      ...(form && { origin, 'content-type': 'application/x-www-form-urlencoded' }),
    },
    body: form ? new URLSearchParams(form).toString() : '',
  });
}

/** Returns the cookies that a response sets, as a browser sends them back. */
export const cookiesOf = ({ headers }: HttpResponse): string =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ');
