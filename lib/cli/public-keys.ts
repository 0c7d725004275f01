/** The public keys that digests of the audit trail must be signed with: from AWS KMS, or from PEM files. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { awsEndpoint } from './aws-endpoint';
import type { CliContext } from './context';
import { CliError, usageError } from './failure';
import { send, signerOf } from './service';

const KEY_ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/[\w-]+$/;

/** @throws CliError if the file does not exist, or has no public key of the curve P-256 */
export async function publicKeyOfFile(path: string): Promise<KeyObject> {
  const fault = (reason: string): CliError =>
    new CliError(`${path} is not a public key (${reason}).`, {
      next: 'Set --public-key to a PEM file with an EC key of the curve P-256.',
    });
  const pem = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw usageError(`The file ${path} (--public-key) does not exist.`);
    throw fault(error.code ?? error.message);
  });
  try {
    return checked(createPublicKey(pem));
  } catch (error) {
    throw fault((error as Error).message);
  }
}

function checked(key: KeyObject): KeyObject {
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not a key of the curve P-256');
  return key;
}

/**
 * Returns the Region of a KMS key.
 *
 * @throws CliError unless it is the ARN of a key
 */
export function regionOfKey(keyArn: string): string {
  const [, region] = KEY_ARN.exec(keyArn) ?? [];
  if (region === undefined) throw usageError('--key must be the ARN of a KMS key.');
  return region;
}

/**
 * Calls GetPublicKey of AWS KMS, in the protocol awsJson1_1.
 *
 * @throws CliError for another ARN, or if AWS KMS rejects the request
 */
export async function publicKeyOfKms(
  context: CliContext,
  keyArn: string,
  { profile }: { readonly profile?: string },
): Promise<KeyObject> {
  const region = regionOfKey(keyArn);
  const url = awsEndpoint(context, 'KMS', region);
  const signer = await signerOf(context, { region, ...(profile !== undefined && { profile }) });
  const body = JSON.stringify({ KeyId: keyArn });
  const target = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'TrentService.GetPublicKey',
  };
  const headers = await signer.sign(url, 'kms', target, body);
  const response = await send(url, { method: 'POST', headers, body });
  const output = (await response.json().catch(() => ({}))) as {
    PublicKey?: string;
    __type?: string;
    message?: string;
  };
  if (!response.ok || output.PublicKey === undefined) {
    const type = output.__type?.split('#').at(-1) ?? `HTTP status ${response.status}`;
    throw new CliError(`AWS KMS rejected GetPublicKey (${type}): ${output.message ?? 'no message'}`, {
      next: 'Check --key and the permission kms:GetPublicKey, or set --public-key to a copy of the public key.',
    });
  }
  return checked(
    createPublicKey({ key: Buffer.from(output.PublicKey, 'base64'), format: 'der', type: 'spki' }),
  );
}
