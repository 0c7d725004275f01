/** Gateways: they attach credentials to the requests of agents, which never hold them. */
import {
  createdGateway,
  identifiedGateway,
  listedGateways,
  updatedGateway,
} from '../../model/gateway/gateway-request';
import { OWN_LISTED } from '../differences';
import { operations } from '../operation';
import type { Difference, ReferenceOf } from '../reference';

export const PAGE_QUERY = { maxResults: 'number', nextToken: 'string' } as const;

const GATEWAY = '/gateways/{gatewayIdentifier}';

export const gateway = operations('control-plane', '/gateways', {
  CreateGateway: { path: '/gateways', status: 202, input: createdGateway },
  GetGateway: { method: 'GET', path: GATEWAY, input: identifiedGateway },
  UpdateGateway: { method: 'PUT', path: GATEWAY, status: 202, input: updatedGateway },
  DeleteGateway: { method: 'DELETE', path: GATEWAY, status: 202, input: identifiedGateway },
  ListGateways: { method: 'GET', path: '/gateways', query: PAGE_QUERY, input: listedGateways },
});

export const GATEWAY_OWNED: Difference = {
  what: 'can be called only by the owner of the gateway; gateways have no resource policies',
  why: 'a principal that changes a gateway decides where the credentials of its owner go',
};

const READY: Difference = {
  what: 'has no status `CREATING` or `UPDATING`',
  why: 'a gateway is one record, and serves requests as soon as the response is returned',
};

const GATEWAY_ROLE: Difference = {
  what: 'assumes `roleArn` only for targets with `GATEWAY_IAM_ROLE`, with the ARN of the owner as the external ID (`sts:ExternalId`)',
  why: 'there is no `iam:PassRole` here, so the trust policy of the role decides which owner can use it; everything else needs no role of the owner',
};

export const REPEATED: Difference = {
  what: 'returns what exists if the whole request, with its `clientToken`, is the one that created it; with another token, or another member, the name is in use (ConflictException)',
  why: 'a client that lost the response repeats its request; the service keeps the request as a hash, and no tokens',
};

const OWN_AUDIENCE: Difference = {
  what: 'requires tokens for the `gatewayUrl` (`aud`) if `CUSTOM_JWT` has neither `allowedAudience` nor `allowedClients`',
  why: 'tokens meant for other applications would be accepted otherwise (RFC 8707)',
};

export const reference: ReferenceOf<typeof gateway> = {
  CreateGateway: {
    does: 'Creates a gateway, which attaches credentials to the requests of agents and users and forwards them to its targets. Its workload identity has the name `gatewayId`; only the gateway acts with it. Requires a deployment with gateways. `CUSTOM_JWT` authorizes callers by a user token of the issuer in `authorizerConfiguration`, and `AWS_IAM` by a signature and the workload access token of an agent.',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
    differs: [GATEWAY_ROLE, READY, REPEATED, OWN_AUDIENCE],
  },
  GetGateway: {
    does: 'Returns a gateway by its ID or ARN.',
    errors: ['ResourceNotFoundException'],
    differs: [GATEWAY_OWNED],
  },
  UpdateGateway: {
    does: 'Replaces the configuration: omitted members are removed. `name` and `authorizerType` must stay: the URL of the gateway depends on them.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [GATEWAY_OWNED, GATEWAY_ROLE, READY, OWN_AUDIENCE],
  },
  DeleteGateway: {
    does: 'Deletes a gateway with its targets and its workload identity, whose grants are revoked. It stops immediately: requests that it forwards end. If the response is ThrottlingException, the next call continues.',
    errors: ['ResourceNotFoundException'],
    differs: [
      GATEWAY_OWNED,
      {
        what: 'deletes the targets, too, and answers `DELETING` when everything is deleted',
        why: 'targets are nothing without their gateway, and a deletion that ends it immediately must not wait for them',
      },
    ],
  },
  ListGateways: { does: 'Returns a page of gateways, sorted by name.', differs: [OWN_LISTED] },
};
