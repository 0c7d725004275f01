/**
 * AWS credentials, Regions, and signatures. The command loads this file when it sends the first request, because it
 * loads a part of the AWS SDK.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

type CredentialChain = ReturnType<typeof defaultProvider>;

export type Credentials = Awaited<ReturnType<CredentialChain>>;

const silent = (): void => undefined;

/** A person who names a profile wants no warning that the environment has other credentials. */
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/** The credential chain of the AWS SDKs: environment, profile, IAM Identity Center, process, container, instance. */
export const credentialChain = (profile: string | undefined): CredentialChain =>
  defaultProvider({ ...(profile !== undefined && { profile, logger: SILENT }) });

/** Returns the Region of the environment or of the profile; undefined if neither has one. */
export const configuredRegion = (profile: string | undefined): Promise<string | undefined> =>
  loadConfig<string | undefined>(
    { ...NODE_REGION_CONFIG_OPTIONS, default: undefined },
    { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile !== undefined && { profile }) },
  )();

export interface UnsignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SigningScope {
  readonly credentials: Credentials;
  readonly region: string;
  /** The service in the credential scope. */
  readonly service: string;
}

/** Returns the header fields of the signed request (AWS Signature Version 4). */
export async function signedHeaders(
  { method, url, headers, body }: UnsignedRequest,
  { credentials, region, service }: SigningScope,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const signed = await signer.sign(
    new HttpRequest({
      method,
      path: url.pathname,
      query: Object.fromEntries(
        [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
      ),
      headers: { ...headers, host: url.host },
      body,
    }),
  );
  // fetch sets `host` itself.
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== 'host'));
}
