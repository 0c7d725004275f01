/** `npm run docs:vendors`: writes the table of docs/vendors.md. */
import { publish } from './figures';
import { vendorsTable } from './vendors/table';

publish('vendors.md', vendorsTable());
