/**
 * Stack frames with positions in the sources of this project. Node.js does this itself with `--enable-source-maps`, but then
 * it parses the source map at every cold start, which makes the load of a bundle up to a fifth longer. Here, only an
 * unexpected error reads the map.
 */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

/** A position in a bundle: its path, line, and column. */
const POSITION = /(?:file:\/\/)?(\/[^():\n]+\.js):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/** Returns undefined for a file without a readable source map. */
function mapOf(file: string): SourceMap | undefined {
  if (maps.has(file)) return maps.get(file);
  let map: SourceMap | undefined;
  try {
    map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    map = undefined;
  }
  maps.set(file, map);
  return map;
}

/** @param frames of a stack, without the message; a position without a source stays as it is */
export const sourceFrames = (frames: string): string =>
  frames.replace(POSITION, (position, file: string, line: string, column: string) => {
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return position;
    const { originalSource, originalLine, originalColumn } = entry;
    return `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
  });
