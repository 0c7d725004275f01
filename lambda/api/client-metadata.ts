/** The response to an authorization server that reads a client ID metadata document. */
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ClientMetadataDocument } from '../domain/provider/client-metadata-document';
import { json } from './errors';

/** A withdrawn document must soon be unknown everywhere. */
const CACHEABLE = { 'cache-control': 'public, max-age=300', 'x-content-type-options': 'nosniff' };

/** @param document undefined if there is none; the response is then the same for every URL */
export const clientMetadataResult = (document: ClientMetadataDocument | undefined): APIGatewayProxyResult =>
  document
    ? json(200, document, CACHEABLE)
    : json(404, { message: 'There is no client metadata document at this URL.' });
