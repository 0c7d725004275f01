/** The packages of the vault, installed in this folder and kept for the next run. */
import { join } from 'node:path';
import { runNpm, unlessInstalled } from '../../../../test/clients/installation.mjs';

const FOLDER = import.meta.dirname;

/** The program of the vault. */
export const PROGRAM = join(FOLDER, 'main.mjs');

/** Installs Express and the driver of PostgreSQL, unless they are there. */
export function installVault() {
  unlessInstalled(join(FOLDER, 'node_modules'), join(FOLDER, 'package-lock.json'), () => {
    runNpm(['ci'], FOLDER);
  });
}
