/**
 * Before all tests: builds the functions' bundles, which every stack deploys, and the programs that tests start, unless they
 * are those of this code.
 */
import { buildFunctions } from '../scripts/build/functions';
import { compilePrograms } from './local/compile-programs';

export default async function build(): Promise<void> {
  await buildFunctions();
  await compilePrograms();
}
