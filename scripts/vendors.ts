/** `npm run docs:vendors`: writes the table of docs/vendors.md, and the page of each vendor in docs/vendors/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publish } from './figures';
import { GUIDES } from './vendors/guides';
import { vendorPage } from './vendors/page';
import { vendorsTable } from './vendors/table';

publish('vendors.md', vendorsTable());

const folder = join(__dirname, '..', 'docs', 'vendors');
mkdirSync(folder, { recursive: true });
for (const guide of GUIDES) writeFileSync(join(folder, `${guide.page}.md`), vendorPage(guide));
