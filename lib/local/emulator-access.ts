/**
 * Who may call the AWS services of the embedded cloud: its own functions, and beside them only the local principals,
 * for what principal-access.ts allows. Their ports are reachable for every program on the machine and for web pages in
 * its browsers, and they would open the vault. So each start makes a credential that only the process knows, and the
 * emulators answer to no other.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isAddressedToLoopback } from './loopback-server';

export interface EmulatorCredentials {
  /** Unguessable, for it is what the emulators check: the connection does not leave the machine. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Credentials for one run of the embedded cloud. */
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
 * Whether a request comes from the holder of the credentials.
 *
 * @param request its headers are read, its body is not
 */
export function mayCallEmulator(request: IncomingMessage, credentials: EmulatorCredentials): boolean {
  return (
    isFromProgram(request) && timingSafeEqual(sha256(accessKeyIdOf(request)), sha256(credentials.accessKeyId))
  );
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
