/**
 * Who can call the AWS services of the embedded cloud: its functions, and the local principals as far as
 * principal-access.ts allows. Every program on the machine and every web page in its browsers can reach their ports, and
 * the services open the vault. So each start creates a credential that only this process knows, and the emulators accept
 * no other.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isAddressedToLoopback } from './loopback-server';

export interface EmulatorCredentials {
  /** Must be unguessable, because the emulators check only this id. The connection does not leave the machine. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Returns credentials for one run of the embedded cloud. */
export function newEmulatorCredentials(): EmulatorCredentials {
  return {
    accessKeyId: `LOCAL${randomBytes(32).toString('hex')}`,
    secretAccessKey: randomBytes(32).toString('hex'),
  };
}

/** Returns whether a request is addressed to loopback and was not sent by a web page. */
export const isFromProgram = (request: IncomingMessage): boolean =>
  isAddressedToLoopback(request) && request.headers.origin === undefined;

/** Returns the access key id that a request names, unverified; empty when it names none. */
export function accessKeyIdOf(request: IncomingMessage): string {
  const [, accessKeyId = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(request.headers.authorization ?? '') ?? [];
  return accessKeyId;
}

/**
 * Returns whether a request comes from the holder of the credentials.
 *
 * @param request whose headers are read, but not its body
 */
export function mayCallEmulator(request: IncomingMessage, credentials: EmulatorCredentials): boolean {
  return (
    isFromProgram(request) && timingSafeEqual(sha256(accessKeyIdOf(request)), sha256(credentials.accessKeyId))
  );
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
