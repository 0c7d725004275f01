/**
 * The response to an MCP request whose user has to consent first, as the protocol version of the client has it. A client of
 * version 2026-07-28 repeats its request with the user's answer, and the gateway then waits for the consent. A request that
 * no such response fits gets the problem document.
 * Source: MCP 2025-11-25, "Elicitation" (URL mode), and 2026-07-28, "Elicitation" and "Multi Round-Trip Requests".
 */
import * as v from 'valibot';
import { requestOf, type JsonRpcRequest } from '../gate/json-rpc';
import { joinedField, type HeaderFields } from '../gate/header-fields';
import type { OutstandingConsent } from './problem';

/** Versions are dates. */
const WITH_URL_ELICITATION = '2025-11-25';
const WITHOUT_SESSIONS = '2026-07-28';

const URL_ELICITATION_REQUIRED = -32042;
const MISSING_CAPABILITY = -32021;
const DECLINED = -32603;

/** The requests whose results can ask for input. */
const ASKING = ['tools/call', 'prompts/get', 'resources/read'];

const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

const ParamsSchema = v.object({
  protocolVersion: v.optional(v.string()),
  _meta: v.optional(
    v.object({
      [CAPABILITIES]: v.optional(
        v.object({ elicitation: v.optional(v.object({ url: v.optional(v.object({})) })) }),
      ),
    }),
  ),
  inputResponses: v.optional(v.record(v.string(), v.object({ action: v.optional(v.string()) }))),
});
type Params = v.InferOutput<typeof ParamsSchema>;

/** What of a request decides about the response. */
export interface ReceivedMcp {
  readonly headers: HeaderFields;
  readonly payload: Uint8Array;
}

interface McpRequest extends JsonRpcRequest {
  readonly version: string;
  readonly members: Params;
}

/** @returns undefined for anything but one request */
function mcpRequestOf({ headers, payload }: ReceivedMcp): McpRequest | undefined {
  const request = requestOf(payload);
  if (!request) return undefined;
  const parsed = v.safeParse(ParamsSchema, request.params ?? {});
  const members = parsed.success ? parsed.output : {};
  const version = joinedField(headers, 'mcp-protocol-version') ?? members.protocolVersion ?? '';
  return { ...request, version, members };
}

const actionOn = ({ members }: McpRequest, { sessionUri }: Pick<OutstandingConsent, 'sessionUri'>) =>
  members.inputResponses?.[sessionUri]?.action;

/** Returns whether the user agreed to open the authorization URL of this consent, for which the request waits. */
export function isAwaited(received: ReceivedMcp, consent: Pick<OutstandingConsent, 'sessionUri'>): boolean {
  const request = mcpRequestOf(received);
  return request !== undefined && actionOn(request, consent) === 'accept';
}

interface McpResponse {
  readonly status: number;
  readonly body: object;
}

const invitationTo = (target: string): string => `To continue, allow this agent to use "${target}".`;

/** For a client that does not show URLs: the model passes the URL to the user. */
const inWords = (target: string, { authorizationUrl }: OutstandingConsent): object => ({
  isError: true,
  content: [
    {
      type: 'text',
      text: `${invitationTo(target)} Ask the user to open this URL in a browser: ${authorizationUrl} Call the tool again after the user has granted access.`,
    },
  ],
});

function multiRoundTrip(
  request: McpRequest,
  target: string,
  consent: OutstandingConsent,
): McpResponse | undefined {
  const { id, method, members } = request;
  const respond = (body: object, status = 200) => ({ status, body: { jsonrpc: '2.0', id, ...body } });
  if (!ASKING.includes(method)) return undefined;
  const action = actionOn(request, consent);
  if (action === 'decline' || action === 'cancel') {
    const message = `The user did not allow this agent to use "${target}". Ask again only if the user wants it.`;
    return respond({ error: { code: DECLINED, message } });
  }
  if (members._meta?.[CAPABILITIES]?.elicitation?.url) {
    const { authorizationUrl: url, sessionUri } = consent;
    const params = { mode: 'url', url, message: invitationTo(target) };
    const inputRequests = { [sessionUri]: { method: 'elicitation/create', params } };
    return respond({ result: { resultType: 'input_required', inputRequests } });
  }
  if (method === 'tools/call') {
    return respond({ result: { resultType: 'complete', ...inWords(target, consent) } });
  }
  const message =
    'The client must declare that it shows URLs (elicitation.url), because the user has to consent.';
  const data = { requiredCapabilities: { elicitation: { url: {} } } };
  return respond({ error: { code: MISSING_CAPABILITY, message, data } }, 400);
}

/**
 * Returns the response; undefined if the protocol has none for the request.
 *
 * @param target name of the target
 */
export function mcpConsentResponse(
  received: ReceivedMcp,
  target: string,
  consent: OutstandingConsent,
): McpResponse | undefined {
  const request = mcpRequestOf(received);
  if (!request) return undefined;
  const { id, method, version } = request;
  if (version >= WITHOUT_SESSIONS) return multiRoundTrip(request, target, consent);
  if (version < WITH_URL_ELICITATION && method === 'tools/call') {
    return { status: 200, body: { jsonrpc: '2.0', id, result: inWords(target, consent) } };
  }
  const { authorizationUrl: url, sessionUri: elicitationId } = consent;
  const message = `${invitationTo(target)} Open ${url} in a browser.`;
  const elicitations = [{ mode: 'url', elicitationId, url, message: invitationTo(target) }];
  const error = { code: URL_ELICITATION_REQUIRED, message, data: { elicitations } };
  return { status: 200, body: { jsonrpc: '2.0', id, error } };
}
