/** Tools that send requests to the client during a call (2025-11-25). */
import { NO_ARGUMENTS, text, textArguments } from './content.mjs';

/** Default values of each primitive type. */
const DEFAULTS = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const titled = (values) => values.map(([value, title]) => ({ const: value, title }));

/** One choice and several, with titles and without. */
const CHOICES = {
  untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  titledSingle: {
    type: 'string',
    oneOf: titled([
      ['value1', 'First Option'],
      ['value2', 'Second Option'],
      ['value3', 'Third Option'],
    ]),
  },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: {
    type: 'array',
    minItems: 1,
    maxItems: 3,
    items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  },
  titledMulti: {
    type: 'array',
    minItems: 1,
    maxItems: 3,
    items: {
      anyOf: titled([
        ['value1', 'First Choice'],
        ['value2', 'Second Choice'],
        ['value3', 'Third Choice'],
      ]),
    },
  },
};

const elicited = ({ action, content = {} }) => `action=${action}, content=${JSON.stringify(content)}`;

/** An elicitation of a form (2025-11-25). */
const elicit = (context, message, properties, required = []) =>
  context.mcpReq.send({
    method: 'elicitation/create',
    params: { message, requestedSchema: { type: 'object', properties, required } },
  });

export function registerClientRequestTools(server) {
  server.registerTool(
    'test_sampling',
    { description: "Asks the client's model", inputSchema: textArguments('prompt') },
    async ({ prompt }, context) => {
      const messages = [{ role: 'user', content: text(prompt) }];
      const { content } = await context.mcpReq.send({
        method: 'sampling/createMessage',
        params: { messages, maxTokens: 100 },
      });
      return { content: [text(`LLM response: ${content.text}`)] };
    },
  );
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user', inputSchema: textArguments('message') },
    async ({ message }, context) => {
      const answer = await elicit(context, message, { response: { type: 'string' } }, ['response']);
      return { content: [text(`User response: ${elicited(answer)}`)] };
    },
  );
  const forms = {
    test_elicitation_sep1034_defaults: DEFAULTS,
    test_elicitation_sep1330_enums: CHOICES,
  };
  for (const [name, properties] of Object.entries(forms)) {
    server.registerTool(
      name,
      { description: 'Asks the user with a form', inputSchema: NO_ARGUMENTS },
      async (_arguments, context) => {
        const answer = await elicit(context, 'Please complete the form', properties);
        return { content: [text(`Elicitation completed: ${elicited(answer)}`)] };
      },
    );
  }
}
