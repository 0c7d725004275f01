/**
 * Compares the fields of a request that mirror arguments of a tool with the arguments: something between the client and the
 * gateway can have decided by the fields, so a request whose fields and arguments differ is rejected.
 * Source: MCP 2026-07-28, "Streamable HTTP" (custom headers from tool parameters).
 */
import type { McpTool } from '../../../model/gateway/mcp-tools';
import { joinedField, type HeaderFields } from '../../gate/header-fields';

/** The first version that has them. Versions are dates. */
const SINCE = '2026-07-28';

/** JSON-RPC error of the specification. */
export const HEADER_MISMATCH = -32020;

const BASE64 = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** Returns the mirrored arguments by the name of their fields: those that `properties` reach, at any depth. */
function mirrored(schema: unknown, stated: unknown): [field: string, value: unknown][] {
  const properties = member(schema, 'properties');
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).flatMap(([name, property]) => {
    const value = member(stated, name);
    const header = member(property, 'x-mcp-header');
    const own: [string, unknown][] =
      typeof header === 'string' ? [[`mcp-param-${header.toLowerCase()}`, value]] : [];
    return [...own, ...mirrored(property, value)];
  });
}

/** @returns undefined for a field in base64 that is not valid */
function decoded(field: string): string | undefined {
  if (!field.startsWith('=?base64?') || !field.endsWith('?=')) return field;
  const [, base64] = BASE64.exec(field) ?? [];
  if (base64 === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

function isMirrored(field: string, value: string | number | boolean): boolean {
  const text = decoded(field);
  if (typeof value === 'number' && text !== undefined && DECIMAL.test(text)) return Number(text) === value;
  return text === String(value);
}

/** Values that have no field: absent ones, and those that a text would not represent. */
const hasField = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' &&
    Number.isFinite(value) &&
    (!Number.isInteger(value) || Number.isSafeInteger(value)));

/** Returns whether a field is missing, or differs from its argument. */
export const hasMismatch = (
  headers: HeaderFields,
  { inputSchema }: Pick<McpTool, 'inputSchema'>,
  stated: unknown,
): boolean =>
  (joinedField(headers, 'mcp-protocol-version') ?? '') >= SINCE &&
  mirrored(inputSchema, stated).some(([name, value]) => {
    const field = joinedField(headers, name);
    return hasField(value) && (field === undefined || !isMirrored(field, value));
  });
