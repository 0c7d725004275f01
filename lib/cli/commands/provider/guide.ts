/** `agent-identity provider guide`: how an operator registers an app at a vendor. */
import { VENDOR_NAMES, type VendorName } from '../../../../lambda/model/provider/vendor-names';
import { buildCommand } from '@stricli/core';
import { JSON_FLAG } from '../../connection-flags';
import type { CliContext } from '../../context';
import { print, printFields, printJson, printTable } from '../../output';
import { VENDOR_SETUP } from './vendor-setup';
import { registrationOf, shortName, VENDOR_PARAMETER } from './vendors';

interface GuideFlags {
  readonly json: boolean;
}

export const guide = buildCommand({
  docs: {
    brief: 'Explain how to register an app at a vendor',
    fullDescription: 'Explains how to register an app at a vendor. Without a vendor, lists the 25 vendors.',
  },
  parameters: {
    flags: { json: JSON_FLAG },
    positional: {
      kind: 'tuple',
      parameters: [{ ...VENDOR_PARAMETER, optional: true, brief: 'Vendor, such as google or GoogleOauth2' }],
    },
  },
  func(this: CliContext, { json }: GuideFlags, vendor?: VendorName) {
    if (vendor === undefined) {
      if (json) printJson(this, VENDOR_SETUP);
      else
        printTable(
          this,
          ['VENDOR', 'NAME IN THE API', 'WHERE TO REGISTER'],
          VENDOR_NAMES.map((name) => [shortName(name), name, VENDOR_SETUP[name].console]),
        );
      return;
    }
    if (json) printJson(this, { vendor, ...VENDOR_SETUP[vendor] });
    else {
      printFields(this, registrationOf(vendor));
      print(this, '', ...VENDOR_SETUP[vendor].sources.map((source) => `Source: ${source}`));
    }
  },
});
