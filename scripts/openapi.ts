/** `npm run docs:openapi`: writes dist/openapi.json, which the package and the documentation's site contain. */
import { join } from 'node:path';
import { replaceFile } from './build/stamp';
import { openApiDocument } from './openapi/document';

const OPENAPI = join(__dirname, '..', 'dist', 'openapi.json');

export const writeOpenApi = (): Promise<void> =>
  replaceFile(OPENAPI, `${JSON.stringify(openApiDocument(), undefined, 2)}\n`);

if (require.main === module) void writeOpenApi();
