/** `npm run docs:modules`: writes the charts of the modules in docs/engineering/architecture.md. */
import { publish } from './figures';
import { modulesPicture } from './modules/picture';

publish('engineering/architecture.md', modulesPicture());
