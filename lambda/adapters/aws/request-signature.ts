/** Signs the requests that a gateway forwards to AWS services, or to APIs that verify signatures as they do. */
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import type { SignRequest } from '../../domain/gateway/role-sessions';
import { Sha256 } from './signed-requests';

/** Amazon CloudFront, which is before some APIs of API Gateway, replaces it. */
const UNSIGNED = new Set(['accept-encoding']);

/** Returns the parameters, decoded, in the form that the signer encodes again. */
const queryOf = ({ searchParams }: URL): Record<string, string[]> =>
  Object.fromEntries([...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]));

/** @param region of the deployment, for targets that name none */
export const createRequestSigner =
  (region: string): SignRequest =>
  async ({ method, url, headers, body }, { service, region: stated = region }, session) => {
    const signer = new SignatureV4({
      service,
      region: stated,
      credentials: session,
      sha256: Sha256,
      // Amazon S3 is the only service whose clients sign the path as they send it.
      uriEscapePath: service !== 's3',
    });
    const request = new HttpRequest({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: queryOf(url),
      headers: { ...headers, host: url.host },
      body,
    });
    const signed = await signer.sign(request, { unsignableHeaders: UNSIGNED });
    return signed.headers;
  };
