/**
 * `npm run test:templates`: CDK's own validation, cfn-lint, and checkov on the templates of all forms of the constructs. The
 * last two know nothing of CDK, unlike cdk-nag. The last line counts the checks.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InstallationError, installPython } from '../clients/installation.mjs';
import { ACCEPTED, ACCEPTED_OF_CFN_LINT } from './accepted.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

/** Two of the largest, a newer one with fewer services, and one of another partition. */
const REGIONS = ['us-east-1', 'eu-central-1', 'ap-southeast-5', 'us-gov-west-1'];

/** CDK writes the dependency of a function on its role, although a reference implies it. */
const IGNORED_BY_CFN_LINT = ['W3005'];

const say = (text) => process.stdout.write(`${text}\n`);

/** @throws Error with CDK's output if an app cannot be synthesized */
function synthesize(folder) {
  const program = join(import.meta.dirname, 'synthesize.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', 'tsx/cjs', program, folder], {
    cwd: ROOT,
    encoding: 'utf8',
    // CDK applies its own rules too, and fails for an error.
    env: { ...process.env, CDK_VALIDATION: 'true' },
  });
  if (status !== 0) throw new Error(`The templates could not be synthesized. ${stdout}${stderr}`);
}

/** Returns what a program of the virtual environment prints. Its status says only whether it has findings. */
const output = (python, program, arguments_) =>
  new Promise((resolve, reject) => {
    const options = { cwd: ROOT, maxBuffer: 2 ** 28 };
    execFile(join(dirname(python), program), arguments_, options, (error, stdout, stderr) => {
      if (stdout.trim() !== '') resolve(stdout);
      else reject(new Error(`${program} printed nothing. ${stderr}`, { cause: error }));
    });
  });

/**
 * @param accepted findings that are accepted
 * @param found findings: the ID of the check, the resource, the file, and the line of the output
 * @returns the number of accepted findings, and the lines about others and about entries that accept none
 */
function applyAccepted(tool, accepted, found) {
  const accepts = ({ id, resource, file }) =>
    accepted.filter(
      (each) => each.check === id && each.resource.test(resource) && (each.file ?? /^/).test(file),
    );
  const used = new Set(found.flatMap(accepts));
  const others = found.filter((finding) => accepts(finding).length === 0);
  return {
    accepted: found.length - others.length,
    problems: [
      ...others.map(({ line }) => line),
      ...accepted
        .filter((each) => !used.has(each))
        .map(
          ({ check: id, resource }) =>
            `accepted.mjs accepts ${id} of ${resource}, which ${tool} no longer reports`,
        ),
    ],
  };
}

/** Returns the problems in all Regions, one line each. */
async function lint(python, templates) {
  const printed = await output(python, 'cfn-lint', [
    ...['--format', 'json', '--ignore-checks', ...IGNORED_BY_CFN_LINT],
    ...['--regions', ...REGIONS, '--template', ...templates],
  ]);
  const found = JSON.parse(printed).map(({ Filename, Location, Rule, Message }) => {
    const file = Filename.replace(`${dirname(dirname(templates[0]))}/`, '');
    const path = Location.Path?.join('/') ?? '';
    return {
      ...{ id: Rule.Id, file },
      resource: `${path.replace('Resources/', '')}: ${Message}`,
      line: `${file} ${path}: ${Rule.Id} ${Message}`,
    };
  });
  return applyAccepted('cfn-lint', ACCEPTED_OF_CFN_LINT, found);
}

/** Returns the findings that are not accepted, the accepted ones that no longer occur, and how many checks passed. */
async function check(python, folder) {
  const report = JSON.parse(
    await output(python, 'checkov', [
      ...['--directory', folder, '--framework', 'cloudformation', '--output', 'json'],
      ...['--quiet', '--compact', '--soft-fail', '--skip-download'],
    ]),
  );
  const { results, summary } = report;
  const { failed_checks: failed } = results;
  const sorted = applyAccepted(
    'checkov',
    ACCEPTED,
    failed.map(({ check_id: id, check_name: name, resource, file_path: file }) => ({
      ...{ id, resource, file },
      line: `${file} ${resource}: ${id} ${name}`,
    })),
  );
  const unread = summary.parsing_errors;
  return {
    ...sorted,
    passed: summary.passed,
    problems: [...(unread > 0 ? [`checkov cannot read ${unread} templates`] : []), ...sorted.problems],
  };
}

const folder = mkdtempSync(join(tmpdir(), 'agent-identity-templates-'));
try {
  const python = installPython(import.meta.dirname);
  synthesize(folder);
  const templates = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.template.json'))
    .map((name) => join(folder, name));

  const [linted, { passed, accepted, problems }] = await Promise.all([
    lint(python, templates),
    check(python, folder),
  ]);
  say(
    `cfn-lint: ${templates.length} templates in ${REGIONS.join(', ')}, ${linted.accepted} findings are accepted, ${linted.problems.length} problems`,
  );
  say(`checkov: ${passed} checks passed, ${accepted} findings are accepted, ${problems.length} problems`);
  for (const problem of [...linted.problems, ...problems]) say(`  ${problem}`);

  const failures = [linted.problems, problems].filter(({ length }) => length > 0).length;
  if (failures > 0) process.exitCode = 1;
  say(`${2 - failures} passed, ${failures} failed, 0 skipped`);
} catch (error) {
  if (!(error instanceof InstallationError)) throw error;
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
