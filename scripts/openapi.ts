/** `npm run docs:openapi`: writes docs/openapi.json. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from './openapi/document';

export const OPENAPI = join(__dirname, '..', 'docs', 'openapi.json');

/** The document as the file has it. */
export const renderOpenApi = (): string => `${JSON.stringify(openApiDocument(), undefined, 2)}\n`;

if (require.main === module) writeFileSync(OPENAPI, renderOpenApi());
