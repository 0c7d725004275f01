/**
 * Before all tests: builds the functions' bundles, which every stack deploys, and the programs that tests start, unless they
 * are those of this code, writes the OpenAPI document, and gives the run its own temporary folder.
 */
import { buildFunctions } from '../scripts/build/functions';
import { writeOpenApi } from '../scripts/openapi';
import { useNewTemporaryFolder } from './environment/temporary-folder';
import { compilePrograms } from './local/compile-programs';

export default async function build(): Promise<void> {
  await buildFunctions();
  await writeOpenApi();
  await compilePrograms();
  await useNewTemporaryFolder();
}
