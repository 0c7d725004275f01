/** `npm run docs:scale`: writes the tables of docs/scale.md. */
import { publish } from './figures';
import { scaleTables } from './scale/table';

publish('scale.md', scaleTables());
