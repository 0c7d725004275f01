/** Before all tests: builds the functions' bundles, which every stack deploys, unless they are those of this code. */
import { buildFunctions } from '../scripts/build/functions';

export default buildFunctions;
