/** `agent-identity local`: runs the service on this computer. */
import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context';
import { usageError } from '../failure';

interface LocalFlags {
  readonly port?: string;
  readonly publicUrl?: string;
  readonly dataDir?: string;
  readonly trustedIssuers?: string;
  readonly examples: boolean;
  readonly json: boolean;
}

export const local = buildCommand({
  docs: {
    brief: 'Run the identity service on this computer',
    fullDescription: [
      'Runs the identity service and the AWS services that it uses in one process, on 127.0.0.1 only.',
      'Also runs examples: a calendar, an identity provider, an application with its agent, and a consent portal.',
      'Needs no AWS account. Ctrl-C stops it; its state is kept for the next start.',
      'You can set an option by the environment variable in its description instead.',
      'The variables PRIVATE_DESTINATIONS, SERVICE_NETWORK, and LATTICE_RESOURCES allow private servers (docs/private-networks.md).',
    ].join('\n'),
  },
  parameters: {
    flags: {
      port: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'number',
        brief: 'Port of the service; 0 for a free port (PORT; default 4600)',
      },
      publicUrl: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'URL',
        brief:
          'Public https address of your tunnel, for vendors that accept no other callback URLs (PUBLIC_URL; default none)',
      },
      dataDir: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'folder',
        brief: 'Folder for the state and the audit log (DATA_DIR; default ~/.agent-identity/local)',
      },
      trustedIssuers: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'JSON',
        brief: 'Issuers of user tokens to trust, as a JSON array (TRUSTED_ISSUERS; default none)',
      },
      examples: {
        kind: 'boolean',
        default: true,
        brief: 'Run the examples, too; --no-examples runs the service alone (EXAMPLES=off)',
      },
      json: { kind: 'boolean', default: false, brief: 'Print only the JSON line for programs' },
    },
  },
  func(this: CliContext, { port, publicUrl, dataDir, trustedIssuers, examples, json }: LocalFlags) {
    // An empty variable has the default, because scripts make an unset one empty. An empty option is a mistake.
    if (dataDir === '') {
      throw usageError(
        '--data-dir is empty.',
        'Name a folder, or omit the option for ~/.agent-identity/local.',
      );
    }
    if (publicUrl === '') {
      throw usageError(
        '--public-url is empty.',
        'Name the https address of your tunnel, or omit the option.',
      );
    }
    return this.loadService().serve({
      options: {
        ...(port !== undefined && { PORT: port }),
        ...(publicUrl !== undefined && { PUBLIC_URL: publicUrl }),
        ...(dataDir !== undefined && { DATA_DIR: dataDir }),
        ...(trustedIssuers !== undefined && { TRUSTED_ISSUERS: trustedIssuers }),
        ...(!examples && { EXAMPLES: 'off' }),
      },
      json,
    });
  },
});
