import { validatedMetadata } from '../../../lambda/domain/oauth/provider-metadata';
import { accountPrompt } from '../../../lambda/domain/portal/sign-in';

const issuer = 'https://idp.example.com';

const promptWith = (members: object) =>
  accountPrompt(
    validatedMetadata(
      `${issuer}/.well-known/openid-configuration`,
      { issuer, ...members },
      { loopback: false },
    ),
  );

it.each<[unknown, string | undefined]>([
  [undefined, 'select_account'],
  [['login', 'select_account'], 'select_account'],
  [['none', 'login', 'consent'], 'login'],
  [['none', 'create'], undefined],
  // Members that are not valid count as absent.
  ['select_account', 'select_account'],
])('a provider that lists the prompts %j gets %s for a sign-in with another account', (listed, prompt) => {
  expect(promptWith({ ...(listed !== undefined && { prompt_values_supported: listed }) })).toBe(prompt);
});
