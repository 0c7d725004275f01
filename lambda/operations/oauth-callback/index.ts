import { consent } from './consent';
import { metadata } from './metadata';

export const OAUTH_CALLBACK = { ...consent, ...metadata };
