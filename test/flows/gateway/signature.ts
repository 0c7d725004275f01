/**
 * The signature of a request, computed from what a server received.
 * Source: IAM user guide, "Create a signed AWS API request".
 */
import { createHash, createHmac } from 'node:crypto';
import type { Asked } from './target-server';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalRequest({ method, url = '', headers, body }: Asked, names: readonly string[]): string {
  const { pathname, searchParams } = new URL(url, 'http://target');
  const query = [...searchParams].map((pair) => pair.map(encoded).join('=')).sort();
  return [
    method,
    pathname.split('/').map(encoded).join('/'),
    query.join('&'),
    ...names.map((name) => `${name}:${String(headers[name])}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
}

/** Returns the parts of the `Authorization` header. */
export function signatureParts({ headers }: Asked) {
  const [, accessKeyId = '', day = '', region = '', service = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  return { accessKeyId, day, region, service, names: names.split(';'), signature };
}

/** Returns the signature that the request must have. */
export function expectedSignature(asked: Asked, secretAccessKey: string): string {
  const { day, region, service, names } = signatureParts(asked);
  const text = [
    'AWS4-HMAC-SHA256',
    asked.headers['x-amz-date'],
    `${day}/${region}/${service}/aws4_request`,
    sha256(canonicalRequest(asked, names)),
  ].join('\n');
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
  return hmac(key, text).toString('hex');
}
