import { guide } from '../guide';

export const ZOOM = guide({
  vendor: 'ZoomOauth2',
  title: 'Zoom',
  page: 'zoom',
  sources: {
    create: {
      title: 'Select general app features',
      url: 'https://developers.zoom.us/docs/build-flow/create-oauth-apps/',
      read: '2026-11-27',
    },
    info: {
      title: 'OAuth information',
      url: 'https://developers.zoom.us/docs/build-flow/basic-info/oauth-info/',
      read: '2026-11-27',
    },
    pkce: {
      title: 'PKCE',
      url: 'https://developers.zoom.us/docs/integrations/PKCE',
      read: '2026-11',
    },
    skills: {
      title: 'zoom/skills, skills/oauth/SKILL.md',
      url: 'https://github.com/zoom/skills',
      dated: '2026-07-13',
      read: '2026-11',
    },
    unified: {
      title: 'Unified: Zoom OAuth2 app registration',
      url: 'https://docs.unified.to/skills/zoom-oauth-app/SKILL.md',
      read: '2026-11-27',
    },
  },
  manual: 'create',
  setup: ['info', 'skills'],
  steps: [
    [
      'Sign in to the [Zoom App Marketplace](https://marketplace.zoom.us) as the owner or an administrator of the account, or with the role **Zoom for developers**.',
      'create',
    ],
    ['Choose **Develop** > **Build App** > **General app** > **Create**.', 'create'],
    [
      'Under **Basic Info**, choose how the app is managed: by each user, or by an administrator for the whole account. This decides which scopes it can have.',
      'create',
    ],
    [
      'Copy the client ID and the client secret from **App Credentials**. Development and production have different ones.',
      'create',
      'info',
    ],
    [
      'Under **OAuth Information**, enter the callback URL as the **OAuth Redirect URL**, and in the **OAuth Allow Lists**.',
      'info',
    ],
    ['Under **Scopes**, add the scopes that the agent requests.', 'create'],
  ],
  scopes: ['user:read:user'],
  accessTokens: ['1 hour.', 'skills'],
  refreshTokens: ['About 90 days.', 'skills'],
  rotation: ['Each refresh returns a new refresh token. The previous one stops working.', 'skills'],
  pkce: ['S256, optional for a client with a secret.', 'pkce'],
  oddities: [
    [
      'Use the development credentials with the development redirect URL, and the production credentials with the production one. `invalid_client` is mostly a mixture of the two.',
      'info',
      'unified',
    ],
    ['The scopes of one request are separated by commas.', 'service'],
    ['Users of other accounts can add the app only after the review by the Zoom Marketplace.', 'skills'],
  ],
  revocation: [['The refresh token ends with the access token.', 'skills']],
  problems: [
    {
      sign: ['Zoom shows the error 4709, or `Invalid redirect`.', 'unified', 'skills'],
      remedy:
        'Enter the callback URL as the redirect URL and in the allow list. It must match exactly, with the slash at the end.',
    },
    {
      sign: ['An agent loses its access when another agent gets the consent of the same user.', 'skills'],
      remedy: 'Zoom ends earlier tokens at each consent. Register one Zoom app for each agent.',
    },
  ],
});
