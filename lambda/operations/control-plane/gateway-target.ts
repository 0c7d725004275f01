/** Targets of gateways: where a gateway forwards requests, and with which credential. */
import {
  createdTarget,
  identifiedTarget,
  listedTargets,
  synchronizedTargets,
  updatedTarget,
} from '../../model/gateway/gateway-request';
import { operations } from '../operation';
import type { Difference, ReferenceOf } from '../reference';
import { GATEWAY_OWNED, PAGE_QUERY, REPEATED } from './gateway';

const TARGETS = '/gateways/{gatewayIdentifier}/targets';
const TARGET = `${TARGETS}/{targetId}`;

export const gatewayTarget = operations('control-plane', '/gateways', {
  CreateGatewayTarget: { path: TARGETS, status: 202, input: createdTarget },
  GetGatewayTarget: { method: 'GET', path: TARGET, input: identifiedTarget },
  UpdateGatewayTarget: { method: 'PUT', path: TARGET, status: 202, input: updatedTarget },
  DeleteGatewayTarget: { method: 'DELETE', path: TARGET, status: 202, input: identifiedTarget },
  ListGatewayTargets: { method: 'GET', path: TARGETS, query: PAGE_QUERY, input: listedTargets },
  SynchronizeGatewayTargets: {
    method: 'PUT',
    path: '/gateways/{gatewayIdentifier}/synchronizeTargets',
    status: 202,
    input: synchronizedTargets,
  },
});

const READY: Difference = {
  what: 'has only the statuses `READY` and `SYNCHRONIZE_UNSUCCESSFUL`, and no `authorizationData`',
  why: 'a target is one record; its owner gives no consent for its users, so `AUTHORIZATION_CODE` and `TOKEN_EXCHANGE` require `mcpToolSchema`',
};

const NORMALIZED: Difference = {
  what: 'requires a normalized `endpoint` (RFC 3986 section 6.2.2) without a query',
  why: 'credentials are sent to this URL and to URLs below it only, so servers must read it in one way',
};

const RESERVED: Difference = {
  what: 'rejects in `metadataConfiguration` all names that begin with `X-Amz`, and, as AWS, those of authorization, of cookies, of connections, and of representations, and that of the credential of the target',
  why: 'a header must not carry a credential around the gateway; the gateway passes on what a protocol needs without being listed',
};

const OWN_SCOPES: Difference = {
  what: 'requires scope tokens (RFC 6749 section 3.3) as `scopes`, and `defaultReturnUrl` only with `AUTHORIZATION_CODE`; without `grantType`, the flow is `CLIENT_CREDENTIALS`',
  why: 'the server would read several scopes where policies evaluate one; a member without a use is rejected',
};

const SIGNED: Difference = {
  what: 'requires `iamCredentialProvider` with `GATEWAY_IAM_ROLE`, and a `roleArn` of the gateway that the operator allows; rejects query parameters that begin with `X-Amz-` then',
  why: 'each target states what the role signs for, and a caller must not add to a signature',
};

const PASSED_TOKEN: Difference = {
  what: 'accepts `JWT_PASSTHROUGH` only if the operator allows it, and refuses calls of agents to such a target',
  why: 'the target can use the token as the user, who has granted less to an agent',
};

const SIZED: Difference = {
  what: 'limits a target to 32,768 bytes as JSON, and its tools to 262,144 bytes',
  why: 'a target and its tools are one record, and all targets of a gateway are read together',
};

const PINNED: Difference = {
  what: 'keeps the definitions of the tools of an MCP server (name, title, description, schemas, and annotations) as they are then, also for the `listingMode` `DYNAMIC`, which leaves out tools whose definition has changed; rejects tools whose name contains `___`',
  why: 'a model follows what a definition says, so the owner of the gateway accepts each change',
};

const FETCHED: Difference = {
  what: 'returns the accepted tools that were fetched from the server as `tools`, in the form of `inlinePayload`',
  why: 'the owner reviews them, and writes policies for them',
};

const AGENTS: Difference = {
  what: 'requires for `http.agentcoreRuntime` that the gateway, the workload identity, and the tag `agent-identity:owner` of the function have the same owner; rejects credentials, `privateEndpoint`, and other headers than `X-Amzn-Bedrock-AgentCore-Runtime-Custom-…` for such a target',
  why: 'the agent gets a token for its workload identity, and IAM decides which functions the gateway can invoke ([gateways.md](gateways.md#put-agents-behind-a-gateway))',
};

export const reference: ReferenceOf<typeof gatewayTarget> = {
  CreateGatewayTarget: {
    does: 'Creates a target: a server to which the gateway forwards the requests below `{gatewayUrl}/{name}`, or, in a gateway with the `protocolType` `MCP`, an MCP server, whose tools have the names `{name}___{tool}` at `gatewayUrl`. With `http.agentcoreRuntime`, the target is an agent, which the gateway invokes for `POST {gatewayUrl}/{name}/invocations`. By default, the name is the ID. `credentialProviderConfigurations` names the credential provider whose credential the gateway attaches (of the same owner, or with a resource policy that allows the owner), what the role of the gateway signs for, or that the target gets the user token. Without it, requests have no credential. The workload identity of the gateway accepts `defaultReturnUrl` in consents.',
    errors: ['ConflictException', 'ServiceQuotaExceededException', 'ResourceNotFoundException'],
    differs: [
      GATEWAY_OWNED,
      READY,
      REPEATED,
      NORMALIZED,
      RESERVED,
      OWN_SCOPES,
      SIGNED,
      PASSED_TOKEN,
      SIZED,
      PINNED,
      AGENTS,
    ],
  },
  GetGatewayTarget: {
    does: 'Returns a target by its ID.',
    errors: ['ResourceNotFoundException'],
    differs: [GATEWAY_OWNED, FETCHED],
  },
  UpdateGatewayTarget: {
    does: 'Replaces the configuration: omitted members are removed. The name must stay: callers have it in their URLs. The tools of an MCP server are accepted as they are now.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [
      GATEWAY_OWNED,
      READY,
      NORMALIZED,
      RESERVED,
      OWN_SCOPES,
      SIGNED,
      PASSED_TOKEN,
      SIZED,
      PINNED,
      AGENTS,
    ],
  },
  DeleteGatewayTarget: {
    does: 'Deletes a target. The grants of users stay: they belong to the agents.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [GATEWAY_OWNED],
  },
  ListGatewayTargets: {
    does: 'Returns a page of the targets of a gateway, sorted by name.',
    errors: ['ResourceNotFoundException'],
    differs: [GATEWAY_OWNED],
  },
  SynchronizeGatewayTargets: {
    does: 'Fetches the tools of an MCP server again: adds new tools, and removes those that the server no longer lists. A tool with a changed definition stays as it was, and the target has the status `SYNCHRONIZE_UNSUCCESSFUL` with `statusReasons` that name the tool, until UpdateGatewayTarget accepts the new definition.',
    errors: ['ConflictException', 'ResourceNotFoundException'],
    differs: [
      GATEWAY_OWNED,
      {
        what: 'is complete when its response is returned, and holds changed tools',
        why: 'a server cannot change what models read without the owner of the gateway',
      },
    ],
  },
};
