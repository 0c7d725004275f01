/**
 * The tools of an MCP server, as the owner of a gateway accepts them.
 * Source: MCP 2025-11-25 and 2026-07-28, "Tools".
 */
import * as v from 'valibot';
import { isNestedUpTo, matching, smallAsJson, text } from '../constraints';
import type { Of } from '../of';

/** Between the names of a target and a tool. The name of a target has no underscore, so the first one ends it. */
export const NAME_SEPARATOR = '___';

export const ToolNameSchema = v.pipe(
  matching(
    1,
    128,
    /^[a-zA-Z0-9_.-]+$/,
    'must contain only letters, digits, underscores, hyphens, and periods',
  ),
  v.check((name) => !name.includes(NAME_SEPARATOR), `must not contain ${NAME_SEPARATOR}`),
);

export const MAX_SCHEMA_LEVELS = 64;

/** JSON Schema of an object. */
const objectSchema = v.pipe(
  v.looseObject({ type: v.literal('object') }),
  v.check(
    (schema) => isNestedUpTo(MAX_SCHEMA_LEVELS, schema),
    `must be nested in up to ${MAX_SCHEMA_LEVELS} levels`,
  ),
);

const hint = v.exactOptional(v.boolean());

/** What a model and a client learn about a tool. Other members, such as icons and `_meta`, are dropped. */
export const ToolSchema = v.object({
  name: ToolNameSchema,
  title: v.exactOptional(text(0, 256)),
  description: v.exactOptional(v.string()),
  inputSchema: objectSchema,
  outputSchema: v.exactOptional(objectSchema),
  annotations: v.exactOptional(
    v.object({
      title: v.exactOptional(text(0, 256)),
      readOnlyHint: hint,
      destructiveHint: hint,
      idempotentHint: hint,
      openWorldHint: hint,
    }),
  ),
});
export interface McpTool extends Of<typeof ToolSchema> {}

/** As many as AWS allows. */
const MAX_TOOLS = 1000;

/** The tools of a target are in its record, which DynamoDB limits to 400 kB with everything else. */
export const MAX_TOOLS_BYTES = 262_144;

export const McpToolsSchema = v.pipe(
  v.array(ToolSchema),
  v.maxLength(MAX_TOOLS, `must be up to ${MAX_TOOLS} tools`),
  smallAsJson(MAX_TOOLS_BYTES),
  v.check(
    (tools) => new Set(tools.map(({ name }) => name)).size === tools.length,
    'must have different names',
  ),
);
