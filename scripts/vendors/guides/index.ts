/** The guides of all vendors: first the ten that are used most, and then the others by name. */
import type { Guide } from '../guide';
import { ATLASSIAN } from './atlassian';
import { GITHUB } from './github';
import { GOOGLE } from './google';
import { HUBSPOT } from './hubspot';
import { LINEAR } from './linear';
import { MICROSOFT } from './microsoft';
import { NOTION } from './notion';
import { DROPBOX, FACEBOOK, LINKEDIN, REDDIT, SPOTIFY, TWITCH, X, YANDEX } from './public-vendors';
import { SALESFORCE } from './salesforce';
import { SLACK } from './slack';
import { AUTH0, COGNITO, CUSTOM, CYBERARK, FUSIONAUTH, OKTA, ONELOGIN, PINGONE } from './tenant-vendors';
import { ZOOM } from './zoom';

const MOST_USED: readonly Guide[] = [
  ...[GOOGLE, GITHUB, SLACK, MICROSOFT, SALESFORCE],
  ...[ATLASSIAN, NOTION, LINEAR, HUBSPOT, ZOOM],
];

const OTHERS: readonly Guide[] = [
  ...[AUTH0, COGNITO, CYBERARK, DROPBOX, FACEBOOK, FUSIONAUTH, LINKEDIN, OKTA],
  ...[ONELOGIN, PINGONE, REDDIT, SPOTIFY, TWITCH, X, YANDEX, CUSTOM],
];

export const GUIDES: readonly Guide[] = [...MOST_USED, ...OTHERS];
