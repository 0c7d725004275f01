/**
 * `npm run docs:reference`: writes docs/constructs.md, docs/client-reference.md, and docs/client-reference-python.md. It
 * needs Python 3.10 or later.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from './reference/pages';

for (const [name, text] of Object.entries(referencePages())) {
  writeFileSync(join(__dirname, '..', 'docs', name), text);
}
