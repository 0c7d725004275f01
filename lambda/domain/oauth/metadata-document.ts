/** Gets a metadata document: of an authorization server (RFC 8414), or of a protected resource (RFC 9728). */
import { isUnavailable, ProviderFailure, retryAfterOf } from './provider-failure';
import type { Transport } from './transport';

export interface MetadataDocument {
  readonly status: number;
  /** Parsed JSON of any type; undefined unless the status is 200 and the body is JSON. */
  readonly document: unknown;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws ProviderFailure for a server that is unavailable */
export async function metadataDocument(transport: Transport, url: string): Promise<MetadataDocument> {
  const response = await transport(url, { method: 'GET', headers: { accept: 'application/json' } });
  const { status } = response;
  if (isUnavailable(response)) {
    throw new ProviderFailure('discovery_failed', `discovery responded with ${status}`, {
      unavailable: true,
      url,
      retryAfter: retryAfterOf(response),
    });
  }
  return { status, document: status === 200 ? jsonOf(await response.text()) : undefined };
}
