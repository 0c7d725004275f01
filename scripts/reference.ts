/**
 * `npm run docs:reference`: writes docs/constructs.md, docs/client-reference.md, and docs/client-reference-python.md. It
 * needs Python 3.10 or later.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFERENCE_PAGES } from './reference/pages';

// All are complete before the first one is written.
const pages = Object.entries(REFERENCE_PAGES).map(([name, page]) => [name, page()] as const);
for (const [name, text] of pages) writeFileSync(join(__dirname, '..', 'docs', name), text);
