/**
 * What scopes allow, in plain words that complete "It can …". Only scopes whose name says the same at every provider
 * are here: OpenID Connect's, and those with a vendor's own namespace or an unmistakable form. A scope such as `read`
 * means something else at each provider, so the pages show it as it is.
 *
 * Sources: OpenID Connect Core 1.0 section 5.4 and 11; Google, "OAuth 2.0 Scopes for Google APIs"; Microsoft Graph
 * permissions reference; GitHub, "Scopes for OAuth apps"; Slack, "Permission scopes"; Atlassian, "Jira scopes" and
 * "Confluence scopes".
 */

const GOOGLE = 'https://www.googleapis.com/auth/';

const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ['openid', 'know which account you use'],
  ['profile', 'see your name and profile'],
  ['email', 'see your email address'],
  ['address', 'see your postal address'],
  ['phone', 'see your phone number'],
  ['offline_access', 'keep this access while you are away, until you end it'],

  [`${GOOGLE}userinfo.email`, 'see your email address'],
  [`${GOOGLE}userinfo.profile`, 'see your name and profile'],
  [`${GOOGLE}calendar`, 'see, change, share, and delete your calendars'],
  [`${GOOGLE}calendar.readonly`, 'see your calendars'],
  [`${GOOGLE}calendar.events`, 'see and change the events in your calendars'],
  [`${GOOGLE}calendar.events.readonly`, 'see the events in your calendars'],
  [`${GOOGLE}contacts`, 'see, change, and delete your contacts'],
  [`${GOOGLE}contacts.readonly`, 'see your contacts'],
  [`${GOOGLE}documents`, 'see, change, and delete your documents'],
  [`${GOOGLE}documents.readonly`, 'see your documents'],
  [`${GOOGLE}drive`, 'see, change, and delete all your files'],
  [`${GOOGLE}drive.file`, 'see and change the files that you open with it'],
  [`${GOOGLE}drive.readonly`, 'see and download all your files'],
  [`${GOOGLE}gmail.compose`, 'write and send email as you'],
  [`${GOOGLE}gmail.modify`, 'read, write, and send email as you'],
  [`${GOOGLE}gmail.readonly`, 'read your email'],
  [`${GOOGLE}gmail.send`, 'send email as you'],
  [`${GOOGLE}spreadsheets`, 'see, change, and delete your spreadsheets'],
  [`${GOOGLE}spreadsheets.readonly`, 'see your spreadsheets'],
  [`${GOOGLE}tasks`, 'see, change, and delete your tasks'],
  [`${GOOGLE}tasks.readonly`, 'see your tasks'],
  ['https://mail.google.com/', 'read, write, send, and permanently delete your email'],

  ['calendar.read', 'see your calendar'],
  ['calendar.write', 'add, move, and delete events in your calendar'],

  ['User.Read', 'see your profile'],
  ['User.ReadBasic.All', 'see the names of people in your organization'],
  ['Calendars.Read', 'see your calendars'],
  ['Calendars.ReadWrite', 'see and change your calendars'],
  ['Chat.Read', 'read your chats'],
  ['Chat.ReadWrite', 'read and send messages in your chats'],
  ['Contacts.Read', 'see your contacts'],
  ['Contacts.ReadWrite', 'see and change your contacts'],
  ['Files.Read', 'see your files'],
  ['Files.Read.All', 'see all files that you can see'],
  ['Files.ReadWrite', 'see, change, and delete your files'],
  ['Files.ReadWrite.All', 'see, change, and delete all files that you can see'],
  ['Mail.Read', 'read your email'],
  ['Mail.ReadWrite', 'read, write, and delete your email'],
  ['Mail.Send', 'send email as you'],
  ['Notes.Read', 'read your notes'],
  ['Sites.Read.All', 'see the sites that you can see'],
  ['Tasks.Read', 'see your tasks'],
  ['Tasks.ReadWrite', 'see and change your tasks'],

  ['public_repo', 'change your public repositories'],
  ['read:org', 'see your organizations and teams'],
  ['read:user', 'see your profile'],
  ['repo', 'see and change all your repositories, also private ones'],
  ['user:email', 'see your email addresses'],
  ['workflow', 'change the workflows of your repositories'],

  ['channels:history', 'read messages in public channels'],
  ['channels:read', 'see public channels'],
  ['chat:write', 'send messages'],
  ['groups:history', 'read messages in private channels that you added it to'],
  ['im:history', 'read direct messages'],
  ['search:read', 'search your messages and files'],
  ['users:read', 'see the people in your workspace'],

  ['read:jira-work', 'see your Jira projects and issues'],
  ['write:jira-work', 'create and change Jira issues'],
  ['read:jira-user', 'see people in Jira'],
  ['read:confluence-content.all', 'read Confluence pages'],
  ['write:confluence-content', 'create and change Confluence pages'],
]);

/** Microsoft accepts Graph's permissions with and without the resource. */
const GRAPH = 'https://graph.microsoft.com/';

/** Returns what the scope allows; undefined if its name does not say it. */
export const descriptionOf = (scope: string): string | undefined =>
  DESCRIPTIONS.get(scope.startsWith(GRAPH) ? scope.slice(GRAPH.length) : scope);
