/**
 * KMS of the embedded cloud: the three operations that the service uses, over KMS's own protocol
 * (AWS JSON 1.1, `X-Amz-Target: TrentService.{Operation}`), so that the real client works against it.
 * Source: AWS KMS API reference, Encrypt, Decrypt, GenerateDataKey, "Common Errors".
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as v from 'valibot';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { loadKmsKey, open, seal, type KmsKey } from './kms-key';
import { listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';

type KmsErrorType =
  | 'AccessDeniedException'
  | 'InvalidCiphertextException'
  | 'NotFoundException'
  | 'UnknownOperationException'
  | 'ValidationException';

class KmsError extends Error {
  constructor(
    readonly type: KmsErrorType,
    message: string,
  ) {
    super(message);
  }
}

const MAX_REQUEST_BYTES = 64 * 1024;
/** What Encrypt takes, in bytes. */
const MAX_PLAINTEXT_BYTES = 4096;
/** What GenerateDataKey makes, in bytes. */
const MAX_DATA_KEY_BYTES = 1024;
const SYMMETRIC_DEFAULT = 'SYMMETRIC_DEFAULT';
const DATA_KEY_BYTES = { AES_128: 16, AES_256: 32 } as const;

const KeyIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048));
const BlobSchema = v.pipe(
  v.string(),
  v.base64(),
  v.transform((text) => Buffer.from(text, 'base64')),
);
const ContextSchema = v.optional(v.record(v.string(), v.string()), {});

const EncryptSchema = v.object({
  KeyId: KeyIdSchema,
  Plaintext: v.pipe(
    BlobSchema,
    v.check(
      (plaintext) => plaintext.length >= 1 && plaintext.length <= MAX_PLAINTEXT_BYTES,
      '1 to 4096 bytes',
    ),
  ),
  EncryptionContext: ContextSchema,
});

const DecryptSchema = v.object({
  KeyId: v.optional(KeyIdSchema),
  CiphertextBlob: BlobSchema,
  EncryptionContext: ContextSchema,
});

const GenerateDataKeySchema = v.pipe(
  v.object({
    KeyId: KeyIdSchema,
    KeySpec: v.optional(v.picklist(['AES_128', 'AES_256'])),
    NumberOfBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DATA_KEY_BYTES))),
    EncryptionContext: ContextSchema,
  }),
  v.check(
    (input) => (input.KeySpec === undefined) !== (input.NumberOfBytes === undefined),
    'Please specify either number of bytes or key spec.',
  ),
);

type Operation = (key: KmsKey, input: unknown) => object;

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['TrentService.Encrypt', encrypt],
  ['TrentService.Decrypt', decrypt],
  ['TrentService.GenerateDataKey', generateDataKey],
]);

export interface LocalKms extends Pick<Listening, 'close'> {
  readonly endpoint: string;
  /** ARN of the key that seals the vault keys. */
  readonly keyArn: string;
}

/**
 * @param keyFile where the root key is kept; made when absent, readable for its owner only
 * @param credentials what clients must present
 * @throws StartError when the key's file is damaged
 */
export async function startKms(keyFile: string, credentials: EmulatorCredentials): Promise<LocalKms> {
  const key = await loadKmsKey(keyFile);
  const server = createServer((request, response) => {
    void serve(key, credentials, request, response);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { endpoint: `http://${LOOPBACK}:${port}`, keyArn: key.arn, close };
}

async function serve(
  key: KmsKey,
  credentials: EmulatorCredentials,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!mayCallEmulator(request, credentials)) throw new KmsError('AccessDeniedException', 'Not for you.');
    const operation = OPERATIONS.get(String(request.headers['x-amz-target']));
    if (!operation) throw new KmsError('UnknownOperationException', 'This KMS does not know the operation.');
    answer(response, 200, operation(key, await readJson(request)));
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

function encrypt(key: KmsKey, input: unknown): object {
  const { KeyId, Plaintext, EncryptionContext } = parse(EncryptSchema, input);
  checkKeyExists(key, KeyId);
  const blob = seal(key, Plaintext, EncryptionContext);
  return { CiphertextBlob: blob.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: SYMMETRIC_DEFAULT };
}

function decrypt(key: KmsKey, input: unknown): object {
  const { KeyId, CiphertextBlob, EncryptionContext } = parse(DecryptSchema, input);
  if (KeyId !== undefined) checkKeyExists(key, KeyId);
  const plaintext = open(key, CiphertextBlob, EncryptionContext);
  if (!plaintext) throw new KmsError('InvalidCiphertextException', '');
  return { Plaintext: plaintext.toString('base64'), KeyId: key.arn, EncryptionAlgorithm: SYMMETRIC_DEFAULT };
}

function generateDataKey(key: KmsKey, input: unknown): object {
  const { KeyId, KeySpec, NumberOfBytes, EncryptionContext } = parse(GenerateDataKeySchema, input);
  checkKeyExists(key, KeyId);
  const plaintext = randomBytes(KeySpec ? DATA_KEY_BYTES[KeySpec] : (NumberOfBytes ?? 0));
  return {
    CiphertextBlob: seal(key, plaintext, EncryptionContext).toString('base64'),
    Plaintext: plaintext.toString('base64'),
    KeyId: key.arn,
  };
}

function parse<T>(schema: v.GenericSchema<unknown, T>, input: unknown): T {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new KmsError(
    'ValidationException',
    `${v.getDotPath(issue) ?? 'request'} is not valid: ${issue.expected ?? issue.message}`,
  );
}

function checkKeyExists(key: KmsKey, keyId: string): void {
  if (keyId === key.arn || keyId === key.keyId) return;
  throw new KmsError('NotFoundException', `Key '${keyId}' does not exist`);
}
