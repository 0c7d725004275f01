/** The functions' bundles, made as the deployment makes them. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import { functionCode } from '../../lib/constructs/function-code';

/** @returns the files, by group */
export async function bundleFunctions(folder: string): Promise<Record<FunctionGroup, string>> {
  const bundled = FUNCTION_GROUPS.map(async (group) => {
    const { entry, bundling } = functionCode(group);
    const outfile = join(folder, group, 'index.js');
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: bundling.format,
      mainFields: bundling.mainFields,
      minify: bundling.minify,
      sourcemap: bundling.sourceMap,
      sourcesContent: bundling.sourcesContent,
      external: bundling.externalModules,
      logLevel: 'error',
    });
    return [group, outfile] as const;
  });
  return Object.fromEntries(await Promise.all(bundled)) as Record<FunctionGroup, string>;
}
