/** Trusted issuers that exceed the environment of a function, and the folder of the layer that contains them. */
import type { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

/** As many issuers as Microsoft Entra ID tenants, each with one audience and one client. */
export const tenants = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const tenant = `12345678-1234-1234-1234-${String(index).padStart(12, '0')}`;
    return {
      discoveryUrl: `https://login.microsoftonline.com/${tenant}/v2.0/.well-known/openid-configuration`,
      allowedAudience: ['api://12345678-1234-1234-1234-123456789012'],
      allowedClients: ['12345678-1234-1234-1234-123456789012'],
    };
  });

interface Layer {
  readonly Properties: { readonly Content: { readonly S3Key: string } };
}

interface AssetManifest {
  readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
}

/** Returns the folders of the stack's layers, as the CDK uploads them. */
export function layerFolders(app: App, stack: Stack): string[] {
  const { directory } = app.synth();
  const manifest = join(directory, `${stack.stackName}.assets.json`);
  const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as AssetManifest;
  const layers = Object.values(
    Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'),
  ) as Layer[];
  return layers.map(({ Properties: { Content } }) => {
    const asset = files[basename(Content.S3Key, '.zip')];
    return resolve(directory, asset?.source.path ?? 'missing');
  });
}
