/** `npm run docs:reference`: writes docs/constructs.md and docs/client-reference.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from './reference/pages';

for (const [name, text] of Object.entries(referencePages())) {
  writeFileSync(join(__dirname, '..', 'docs', name), text);
}
