import { pages } from './pages';
import { site } from './site';

export const PORTAL = { ...pages, ...site };
