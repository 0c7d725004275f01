/** `npm run docs:cost`: the figures of docs/cost.md. */
import { costTables } from './cost/table';
import { publish } from './figures';

publish('cost.md', costTables());
