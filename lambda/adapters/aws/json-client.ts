/** Clients of AWS services whose protocol is JSON. Source: Smithy 2.0, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol". */
import { parseJsonObject } from '../../domain/json-object';
import type { Operations, ServiceClient } from './service-client';
import { endpointOf, type ServiceName } from './endpoint';
import {
  createSignedRequests,
  environmentRegion,
  type RequestSettings,
  type Timeouts,
} from './signed-requests';

export interface JsonService extends ServiceName, Pick<RequestSettings, 'maxAttempts'> {
  readonly protocol: '1.0' | '1.1';
  /** The prefix of `X-Amz-Target`. */
  readonly target: string;
  /** Members of inputs and outputs, at the top level, that are bytes. */
  readonly bytes: readonly string[];
}

export const DYNAMODB: JsonService = {
  service: 'dynamodb',
  serviceId: 'DynamoDB',
  protocol: '1.0',
  target: 'DynamoDB_20120810',
  maxAttempts: 4,
  // An item could have some. The items of this service have none.
  bytes: [],
};

export const KMS: JsonService = {
  service: 'kms',
  serviceId: 'KMS',
  protocol: '1.1',
  target: 'TrentService',
  maxAttempts: 3,
  bytes: ['CiphertextBlob', 'Plaintext', 'Message', 'Signature', 'PublicKey'],
};

export const SECRETS_MANAGER: JsonService = {
  service: 'secretsmanager',
  serviceId: 'Secrets Manager',
  protocol: '1.1',
  target: 'secretsmanager',
  maxAttempts: 3,
  bytes: ['SecretBinary'],
};

/** Returns the members, of which those that are bytes are converted. */
function converted(
  members: Readonly<Record<string, unknown>>,
  bytes: readonly string[],
  convert: (value: unknown) => unknown,
): Record<string, unknown> {
  const all = { ...members };
  for (const name of bytes) if (all[name] !== undefined) all[name] = convert(all[name]);
  return all;
}

const toBase64 = (value: unknown): unknown => Buffer.from(value as Uint8Array).toString('base64');
const fromBase64 = (value: unknown): unknown => Buffer.from(String(value), 'base64');

/** Returns the client, for the Region and with the credentials of the environment. */
export function createJsonClient<Of extends Operations<Of>>(
  { protocol, target, bytes, maxAttempts, ...name }: JsonService,
  timeouts: Timeouts,
): ServiceClient<Of> {
  const region = environmentRegion();
  const requests = createSignedRequests({
    signingName: name.service,
    endpoint: endpointOf(name, region),
    region,
    maxAttempts,
    ...timeouts,
  });
  return {
    region: () => Promise.resolve(region),
    async send<Name extends keyof Of & string>(operation: Name, input: Of[Name][0], signal?: AbortSignal) {
      const { body } = await requests.send({
        path: '/',
        headers: {
          'content-type': `application/x-amz-json-${protocol}`,
          'x-amz-target': `${target}.${operation}`,
        },
        body: JSON.stringify(converted({ ...input } as Record<string, unknown>, bytes, toBase64)),
        signal,
      });
      const output = parseJsonObject(body.toString('utf8'));
      if (!output) throw new Error(`${name.serviceId} returned a response that is not a JSON object`);
      return converted(output, bytes, fromBase64) as Omit<Of[Name][1], '$metadata'>;
    },
  };
}
