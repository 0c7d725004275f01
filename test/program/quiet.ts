/**
 * Imported first: messages of libraries (about an old Node.js, or a test server's defaults)
 * would appear between the lines of the table. The functions' logs are in the workers' own files.
 */
import { Console } from 'node:console';
import { Writable } from 'node:stream';

const nowhere = new Writable({
  write(_chunk, _encoding, done) {
    done();
  },
});

globalThis.console = new Console(nowhere);
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
