/**
 * KMS of the embedded cloud: what the service uses of it, over KMS's own protocol (AWS JSON 1.1,
 * `X-Amz-Target: TrentService.{Operation}`), so that the real client works against it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { arnOf } from './kms-key';
import { loadKmsKeyRing, type KmsKeyRing } from './kms-key-ring';
import { KMS_OPERATIONS, KmsError } from './kms-operations';
import { listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';

const MAX_REQUEST_BYTES = 64 * 1024;

export interface LocalKms extends Pick<Listening, 'close'> {
  readonly endpoint: string;
  /** ARN of the key that the service is deployed with. */
  readonly keyArn: string;
}

/**
 * @param keyFile where the keys are kept; made when absent, readable for its owner only
 * @param credentials what clients must present
 * @throws StartError when the keys' file is damaged
 */
export async function startKms(keyFile: string, credentials: EmulatorCredentials): Promise<LocalKms> {
  const keys = await loadKmsKeyRing(keyFile);
  const server = createServer((request, response) => {
    void serve(keys, credentials, request, response);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { endpoint: `http://${LOOPBACK}:${port}`, keyArn: arnOf(keys.root), close };
}

async function serve(
  keys: KmsKeyRing,
  credentials: EmulatorCredentials,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!mayCallEmulator(request, credentials)) throw new KmsError('AccessDeniedException', 'Not for you.');
    const operation = KMS_OPERATIONS.get(String(request.headers['x-amz-target']));
    if (!operation) throw new KmsError('UnknownOperationException', 'This KMS does not know the operation.');
    answer(response, 200, await operation(keys, await readJson(request)));
  } catch (error) {
    const known = error instanceof KmsError;
    // As in AWS's model, where an unexpected failure is KMSInternalException and says nothing else.
    answer(response, known ? 400 : 500, {
      __type: known ? error.type : 'KMSInternalException',
      message: known ? error.message : 'The request failed.',
    });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) throw new KmsError('ValidationException', 'The request is too large.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new KmsError('ValidationException', 'The request is not JSON.');
  }
}
