/** Tools, prompts, and resources that return content and need nothing from the client, with the names and texts of the suite. */
import { setTimeout as pause } from 'node:timers/promises';
import { fromJsonSchema, ResourceTemplate } from '@modelcontextprotocol/server';

/** One red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** No samples. */
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

/** Between the notifications of a call, so that they arrive as separate events. */
const BETWEEN_NOTIFICATIONS_MILLISECONDS = 20;

/** Returns a schema of text arguments, all of them required. */
export const textArguments = (...names) =>
  fromJsonSchema({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: names,
  });
export const NO_ARGUMENTS = textArguments();

export const text = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const audio = { type: 'audio', data: WAV, mimeType: 'audio/wav' };
const embedded = (uri, mimeType, content) => ({
  type: 'resource',
  resource: { uri, mimeType, text: content },
});

/** Content of the tools without arguments, by the name of the tool. */
const CONTENT = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [audio],
  test_embedded_resource: [
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
  test_streaming_elicitation: [text('This call asks the client for nothing.')],
};

/** Keywords of JSON Schema 2020-12, which tools/list must return as they are. */
const JSON_SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** The client mirrors `region` in the header `Mcp-Param-Region`. */
const MIRRORED = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    level: { type: 'integer' },
  },
};

async function notifyInTurn(context, notifications) {
  for (const notification of notifications) {
    await context.mcpReq.notify(notification);
    await pause(BETWEEN_NOTIFICATIONS_MILLISECONDS);
  }
}

export function registerContentTools(server) {
  for (const [name, content] of Object.entries(CONTENT)) {
    server.registerTool(name, { description: 'Returns fixed content' }, () => ({ content }));
  }
  server.registerTool('test_error_handling', { description: 'Fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool(
    'test_tool_with_logging',
    { description: 'Logs while it runs', inputSchema: NO_ARGUMENTS },
    async (_arguments, context) => {
      const lines = ['Tool execution started', 'Tool processing data', 'Tool execution completed'];
      const notifications = lines.map((data) => ({
        method: 'notifications/message',
        params: { level: 'info', data },
      }));
      await notifyInTurn(context, notifications);
      return { content: [text('Tool with logging executed successfully')] };
    },
  );
  server.registerTool(
    'test_logging_tool',
    { description: 'Logs at the level that the request allows', inputSchema: NO_ARGUMENTS },
    async (_arguments, context) => {
      await context.mcpReq.log('info', 'test_logging_tool ran');
      return { content: [text('Logged')] };
    },
  );
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Reports its progress', inputSchema: NO_ARGUMENTS },
    async (_arguments, context) => {
      const { progressToken } = context.mcpReq._meta ?? {};
      // A server reports progress only to a client that gave it a token.
      const steps = progressToken === undefined ? [] : [0, 50, 100];
      const notifications = steps.map((progress) => ({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
      }));
      await notifyInTurn(context, notifications);
      return { content: [text(String(progressToken ?? 'no-progress-token'))] };
    },
  );
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Has keywords of JSON Schema 2020-12', inputSchema: fromJsonSchema(JSON_SCHEMA_2020_12) },
    (input) => ({ content: [text(JSON.stringify(input))] }),
  );
  server.registerTool(
    'test_x_mcp_header',
    { description: 'Has an argument that a header mirrors', inputSchema: fromJsonSchema(MIRRORED) },
    ({ region }) => ({ content: [text(`region=${region ?? '<none>'}`)] }),
  );
}

export function registerPrompts(server) {
  const prompt = (name, argumentNames, messages) => {
    const argsSchema = textArguments(...argumentNames);
    server.registerPrompt(name, { description: 'Returns fixed messages', argsSchema }, (values) => ({
      messages: messages(values).map((content) => ({ role: 'user', content })),
    }));
  };
  server.registerPrompt('test_simple_prompt', { description: 'Has no arguments' }, () => ({
    messages: [{ role: 'user', content: text('This is a simple prompt for testing.') }],
  }));
  server.registerPrompt('test_prompt_with_image', { description: 'Contains an image' }, () => ({
    messages: [image, text('Please analyze the image above.')].map((content) => ({ role: 'user', content })),
  }));
  prompt('test_prompt_with_arguments', ['arg1', 'arg2'], ({ arg1, arg2 }) => [
    text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  ]);
  prompt('test_prompt_with_embedded_resource', ['resourceUri'], ({ resourceUri }) => [
    embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
    text('Please process the embedded resource above.'),
  ]);
}

export function registerResources(server) {
  const resource = (name, mimeType, content) => {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { description: 'Fixed content', mimeType }, () => ({
      contents: [{ uri, mimeType, ...content }],
    }));
  };
  resource('static-text', 'text/plain', { text: 'This is the content of the static text resource.' });
  resource('static-binary', 'image/png', { blob: PNG });
  resource('watched-resource', 'text/plain', { text: 'Watched resource content' });
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'Content by ID', mimeType: 'application/json' },
    (uri, { id }) => {
      const content = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
      return { contents: [{ uri: uri.href, mimeType: 'application/json', text: content }] };
    },
  );
}
