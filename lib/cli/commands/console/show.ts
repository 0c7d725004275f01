/** Prints the address of a console, and opens it in the browser. */
import type { CliContext } from '../../context';
import { print, printAside, jsonText } from '../../output';

export interface OpeningFlags {
  readonly json: boolean;
  readonly noBrowser: boolean;
}

export interface ConsoleLink {
  /** Opens the console once. */
  readonly link: string;
  /** Path of a file that opens the console by this address. */
  readonly file: string;
}

export async function show(
  context: CliContext,
  { link, file }: ConsoleLink,
  { json, noBrowser }: OpeningFlags,
): Promise<void> {
  if (json) {
    print(context, jsonText({ url: link }));
    return;
  }
  print(context, link);
  const isOpening = !noBrowser && (await context.openFile(file));
  printAside(
    context,
    isOpening
      ? 'If your browser does not show the console, open this address.'
      : 'Open this address in a browser.',
  );
}
