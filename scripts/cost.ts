/** `npm run docs:cost`: writes the tables of docs/cost.md. */
import { costTables } from './cost/table';
import { publish } from './figures';

publish('cost.md', costTables());
