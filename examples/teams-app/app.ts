/** Thirty agents of three teams in six stacks: `npm run synth:teams`. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { addTeams } from './stacks';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
addTeams(app);
