/** `npm run docs:scale`: the figures of docs/scale.md. */
import { publish } from './figures';
import { scaleTables } from './scale/table';

publish('scale.md', scaleTables());
