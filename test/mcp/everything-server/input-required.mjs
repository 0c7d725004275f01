/** Tools and a prompt that return what they need from the client as a result (2026-07-28, "Multi Round-Trip Requests"). */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
} from '@modelcontextprotocol/server';
import { NO_ARGUMENTS, text } from './content.mjs';

/** Every request gets a new server, so only the client keeps the state, sealed. */
const states = createRequestStateCodec({ key: randomBytes(32) });

/** Rejects a state that was changed, before a tool sees it. */
export const verifyState = states.verify;

const mint = (state) => states.mint({ ...state, nonce: randomUUID() });

const form = (message, name, type = 'string') =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [name]: { type } }, required: [name] },
  });
const completion = (prompt) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 });

const answerOf = ({ mcpReq }, key) => mcpReq.inputResponses?.[key];
const formOf = ({ mcpReq }, key) => acceptedContent(mcpReq.inputResponses, key);

const askName = () => form('What is your name?', 'name');
const askConfirmation = () => form('Please confirm', 'ok', 'boolean');

/** Input requests of the kinds that the client declared. */
function requestsFor(capabilities = {}) {
  const { elicitation, sampling, roots } = capabilities;
  return {
    ...(elicitation && { user_name: askName() }),
    ...(sampling && { greeting: completion('Generate a short greeting') }),
    ...(roots && { client_roots: inputRequired.listRoots() }),
  };
}

/** A tool returns the text of its result, or the result that asks for input. */
const TOOLS = {
  test_input_required_result_elicitation(context) {
    const { name } = formOf(context, 'user_name') ?? {};
    if (typeof name !== 'string') return inputRequired({ inputRequests: { user_name: askName() } });
    return `Hello, ${name}!`;
  },
  test_input_required_result_sampling(context) {
    const answer = answerOf(context, 'capital_question');
    if (!answer) {
      const inputRequests = { capital_question: completion('What is the capital of France?') };
      return inputRequired({ inputRequests });
    }
    return `Sampling response: ${answer.content.text}`;
  },
  test_input_required_result_list_roots(context) {
    const { roots } = answerOf(context, 'client_roots') ?? {};
    if (!roots) return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    return `Roots: ${roots.map(({ uri }) => uri).join(', ')}`;
  },
  async test_input_required_result_request_state(context) {
    if (formOf(context, 'confirm') && context.mcpReq.requestState()) return 'state-ok';
    const requestState = await mint({ tool: 'request_state' });
    return inputRequired({ inputRequests: { confirm: askConfirmation() }, requestState });
  },
  async test_input_required_result_tampered_state(context) {
    if (formOf(context, 'confirm') && context.mcpReq.requestState()) return 'integrity-ok';
    const requestState = await mint({ tool: 'tampered_state' });
    return inputRequired({ inputRequests: { confirm: askConfirmation() }, requestState });
  },
  async test_input_required_result_multiple_inputs(context) {
    const { name } = formOf(context, 'user_name') ?? {};
    const greeting = answerOf(context, 'greeting')?.content?.text;
    const { roots } = answerOf(context, 'client_roots') ?? {};
    if (name && greeting && roots) return `${greeting} ${name}, ${roots.length} roots`;
    const inputRequests = requestsFor({ elicitation: {}, sampling: {}, roots: {} });
    return inputRequired({ inputRequests, requestState: await mint({ tool: 'multiple_inputs' }) });
  },
  async test_input_required_result_multi_round(context) {
    const { name, round = 0 } = context.mcpReq.requestState() ?? {};
    if (round === 0) {
      const requestState = await mint({ round: 1 });
      return inputRequired({ inputRequests: { step1: askName() }, requestState });
    }
    if (round === 1) {
      const requestState = await mint({ round: 2, name: formOf(context, 'step1')?.name });
      return inputRequired({ inputRequests: { step2: form('Which color?', 'color') }, requestState });
    }
    return `${name} likes ${formOf(context, 'step2')?.color}`;
  },
  test_input_required_result_capabilities({ mcpReq }) {
    if (mcpReq.inputResponses) return 'Capability-aware input requests fulfilled';
    const inputRequests = requestsFor(mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY]);
    if (Object.keys(inputRequests).length === 0) return 'The client can provide no input';
    return inputRequired({ inputRequests });
  },
  /** The SDK answers -32021 to a client that did not declare sampling. */
  test_missing_capability(context) {
    if (answerOf(context, 'llm_answer')) return 'Sampling completed';
    return inputRequired({ inputRequests: { llm_answer: completion('Reply with one word') } });
  },
};

export function registerInputRequiredTools(server) {
  for (const [name, tool] of Object.entries(TOOLS)) {
    server.registerTool(
      name,
      { description: 'Asks the client for input by its result', inputSchema: NO_ARGUMENTS },
      async (_arguments, context) => {
        const result = await tool(context);
        return typeof result === 'string' ? { content: [text(result)] } : result;
      },
    );
  }
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks the client for input by its result' },
    (context) => {
      const { context: answer } = formOf(context, 'user_context') ?? {};
      if (typeof answer !== 'string') {
        const inputRequests = { user_context: form('What context should the prompt use?', 'context') };
        return inputRequired({ inputRequests });
      }
      return { messages: [{ role: 'user', content: text(`Use the following context: ${answer}`) }] };
    },
  );
}
