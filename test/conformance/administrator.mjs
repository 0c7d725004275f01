/** The administrator of the transmitter, who manages the stream (SSF 1.0 section 8), because the service does not. */
import { URL, URLSearchParams } from 'node:url';
import { requestJson } from './http.mjs';

export class Administrator {
  /** @param metadata the transmitter's `/.well-known/ssf-configuration` */
  constructor(metadata, token) {
    this.metadata = metadata;
    this.token = token;
  }

  /** Reads the transmitter's metadata (SSF 1.0 section 7.2). */
  static async of(issuer, token) {
    const { origin, pathname } = new URL(issuer);
    const response = await globalThis.fetch(`${origin}/.well-known/ssf-configuration${pathname}`);
    return new Administrator(await response.json(), token);
  }

  request(method, address, body = undefined) {
    return requestJson(method, address, this.token, body);
  }

  /** @returns the stream's configuration */
  create(stream) {
    return this.request('POST', this.metadata.configuration_endpoint, stream);
  }

  read({ stream_id: id }) {
    return this.request(
      'GET',
      `${this.metadata.configuration_endpoint}?${new URLSearchParams({ stream_id: id })}`,
    );
  }

  status({ stream_id: id }) {
    return this.request('GET', `${this.metadata.status_endpoint}?${new URLSearchParams({ stream_id: id })}`);
  }

  verify({ stream_id }, state) {
    return this.request('POST', this.metadata.verification_endpoint, { stream_id, state });
  }

  delete({ stream_id: id }) {
    return this.request(
      'DELETE',
      `${this.metadata.configuration_endpoint}?${new URLSearchParams({ stream_id: id })}`,
    );
  }
}
