/** `npm run docs:api`: writes docs/api.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderApiDocs } from './api-docs/document';

export const API_DOCS = join(__dirname, '..', 'docs', 'api.md');

if (require.main === module) writeFileSync(API_DOCS, renderApiDocs());
