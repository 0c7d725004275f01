/**
 * `npm run build`: builds the whole content of the package in `dist/`. npm runs it before it packs the package and after it
 * installs the project (`prepare`), so an installation from Git is complete.
 */
import { buildFunctions } from './build/functions';
import { buildLibrary } from './build/library';
import { writeThirdParty } from './build/third-party';
import { writeOpenApi } from './openapi';

async function build(): Promise<void> {
  await buildFunctions();
  buildLibrary();
  writeThirdParty();
  await writeOpenApi();
}

build().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
