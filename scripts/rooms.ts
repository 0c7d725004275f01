/** `npm run docs:rooms`: the picture of the rooms in docs/architecture.md. */
import { publish } from './figures';
import { roomsPicture } from './rooms/picture';

publish('architecture.md', roomsPicture());
