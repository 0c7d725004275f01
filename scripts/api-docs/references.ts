/** What the documentation says of each operation, from the files that define them. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { JsonOperationName, OperationName } from '../../lambda/operations';
import type { Reference } from '../../lambda/operations/reference';

const FOLDER = join(__dirname, '../../lambda/operations');
const load = createRequire(__filename);

/** The operations of a group are in its folder. */
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => /[\\/]/.test(file));

/** By operation: its reference, or what a route without a signature is for. */
export const REFERENCES = Object.assign(
  {},
  ...files.map((file) => (load(join(FOLDER, file)) as { readonly reference?: object }).reference),
) as Readonly<
  Record<JsonOperationName, Reference> & Record<Exclude<OperationName, JsonOperationName>, string>
>;
