import { guide, nango } from '../guide';

export const GOOGLE = guide({
  vendor: 'GoogleOauth2',
  title: 'Google',
  page: 'google',
  sources: {
    web: {
      title: 'Using OAuth 2.0 for web server applications',
      url: 'https://developers.google.com/identity/protocols/oauth2/web-server',
      dated: '2026-09-14',
      read: '2026-09-30',
    },
    overview: {
      title: 'Using OAuth 2.0 to access Google APIs',
      url: 'https://developers.google.com/identity/protocols/oauth2',
      dated: '2026-05-26',
      read: '2026-09-30',
    },
    platform: {
      title: 'Get started with the Google Auth Platform',
      url: 'https://support.google.com/cloud/answer/15544987',
      read: '2026-11-27',
    },
    clients: {
      title: 'Manage OAuth clients',
      url: 'https://support.google.com/cloud/answer/15549257',
      read: '2026-11-27',
    },
    audience: {
      title: 'Manage app audience',
      url: 'https://support.google.com/cloud/answer/15549945',
      read: '2026-11-27',
    },
    nango: nango('google'),
  },
  manual: 'clients',
  setup: ['web', 'audience'],
  steps: [
    [
      'In the Google Cloud console, select or create a project, and enable the APIs that the agent calls.',
      'clients',
      'nango',
    ],
    [
      'Open **Google Auth Platform**. If the project has no app yet, choose **Get started**, and enter the app name and the support email address.',
      'platform',
    ],
    [
      'Under **Audience**, choose **Internal** for the members of your Google Workspace organization, or **External**. An external app in **Testing** works only for the test users that you list, up to 100.',
      'audience',
    ],
    ['Under **Data Access**, add the scopes that the agent requests.', 'web'],
    ['Under **Clients**, choose **Create client** and the type **Web application**.', 'clients', 'web'],
    ['Copy the client ID and the client secret. The secret is shown only once.', 'clients'],
  ],
  scopes: ['openid', 'email', 'https://www.googleapis.com/auth/calendar.readonly'],
  accessTokens: ['About 1 hour.', 'web'],
  refreshTokens: [
    'End after 6 months without use, after 7 days if the app is external and in Testing, and when the user changes the password if they cover Gmail scopes.',
    'overview',
    'web',
  ],
  rotation: ['None: the refresh token stays the same.', 'web'],
  pkce: ['S256.', 'web'],
  oddities: [['A client that is not used for 6 months is deleted.', 'clients']],
  revocation: [
    [
      'Revoking any token withdraws the authorization of the user for all clients of the Cloud project. Use a project for each agent if agents must not lose access together.',
      'web',
    ],
    ['A revocation can take some time to apply.', 'web'],
  ],
  problems: [
    {
      sign: ['Google shows the error `org_internal`.', 'audience'],
      remedy: 'The audience is Internal, and the user is not a member of the organization. Choose External.',
    },
    {
      sign: ['Google shows the error `admin_policy_enforced`.', 'web'],
      remedy: 'An administrator of the Google Workspace organization must allow the app.',
    },
    {
      sign: ['Users must consent again after 7 days.', 'overview'],
      remedy: 'The app is in Testing. Under **Audience**, publish it.',
    },
  ],
});
