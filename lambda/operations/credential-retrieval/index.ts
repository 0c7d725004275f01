import { resourceApiKey } from './resource-api-key';
import { resourceOauth2Token } from './resource-oauth2-token';

export const CREDENTIAL_RETRIEVAL = { ...resourceApiKey, ...resourceOauth2Token };
