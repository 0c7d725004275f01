/** The environment of the function for custom resources, and the addresses that it responds to. */
import { isResponseUrl, parseStack } from '../../lambda/custom-resources/stack';

const stated = (rest: object = {}) =>
  JSON.stringify({
    stackId: 'arn:aws:cloudformation:us-west-2:111122223333:stack/Travel/1',
    region: 'us-west-2',
    urlSuffix: 'amazonaws.com',
    endpoints: ['https://identity.example'],
    providers: {},
    ...rest,
  });

const deployed = (region = 'us-west-2', urlSuffix = 'amazonaws.com') =>
  parseStack(stated({ region, urlSuffix }), { loopback: false });

const BUCKET = 'cloudformation-custom-resource-response-';

/** Hosts as CloudFormation writes them, and the FIPS and dual-stack hosts of the same bucket. */
it.each([
  ['us-east-1', 'amazonaws.com', `${BUCKET}useast1.s3.amazonaws.com`],
  ['us-west-2', 'amazonaws.com', `${BUCKET}uswest2.s3-us-west-2.amazonaws.com`],
  ['eu-central-1', 'amazonaws.com', `${BUCKET}eucentral1.s3.eu-central-1.amazonaws.com`],
  ['eu-south-1', 'amazonaws.com', `${BUCKET}eusouth1.s3.eu-south-1.amazonaws.com`],
  ['us-gov-west-1', 'amazonaws.com', `${BUCKET}usgovwest1.s3-us-gov-west-1.amazonaws.com`],
  ['us-gov-west-1', 'amazonaws.com', `${BUCKET}usgovwest1.s3-fips.us-gov-west-1.amazonaws.com`],
  ['us-gov-west-1', 'amazonaws.com', `${BUCKET}usgovwest1.s3-fips-us-gov-west-1.amazonaws.com`],
  ['eu-west-1', 'amazonaws.com', `${BUCKET}euwest1.s3.dualstack.eu-west-1.amazonaws.com`],
  ['cn-north-1', 'amazonaws.com.cn', `${BUCKET}cnnorth1.s3.cn-north-1.amazonaws.com.cn`],
])('in %s (%s) the function responds to CloudFormation at %s', (region, urlSuffix, host) => {
  const stack = deployed(region, urlSuffix);
  expect(isResponseUrl(stack, `https://${host}/arn%3Aaws%7CResource?X-Amz-Signature=0`)).toBe(true);
  expect(isResponseUrl(stack, `https://${host}:443/answer`)).toBe(true);
});

it.each([
  ['plain http', `http://${BUCKET}uswest2.s3-us-west-2.amazonaws.com/`],
  ['another port', `https://${BUCKET}uswest2.s3-us-west-2.amazonaws.com:8443/`],
  ['credentials', `https://a:b@${BUCKET}uswest2.s3-us-west-2.amazonaws.com/`],
  ['another host after the name', `https://${BUCKET}uswest2.s3-us-west-2.amazonaws.com.attacker.example/`],
  ['the name as credentials', `https://${BUCKET}uswest2.s3-us-west-2.amazonaws.com@attacker.example/`],
  ['a label in front', `https://attacker.${BUCKET}uswest2.s3-us-west-2.amazonaws.com/`],
  ['a longer bucket name', `https://${BUCKET}uswest2-attacker.s3-us-west-2.amazonaws.com/`],
  ['a bucket of someone else', 'https://attacker.s3.us-west-2.amazonaws.com/'],
  ['a bucket of another Region', `https://${BUCKET}euwest1.s3-eu-west-1.amazonaws.com/`],
  ['another service of AWS', `https://${BUCKET}uswest2.execute-api.us-west-2.amazonaws.com/`],
  ['other characters in place of dots', `https://${BUCKET}uswest2.s3-us-west-2xamazonaws.com/`],
  ['loopback', 'http://127.0.0.1:8080/'],
  ["the instance's metadata", 'http://169.254.169.254/'],
  ['text that is not a URL', 'answer'],
])('in an AWS account the function sends no response to an address with %s', (_, url) => {
  expect(isResponseUrl(deployed(), url)).toBe(false);
});

it('the function responds on loopback in local mode only, and never over plain http elsewhere', () => {
  const local = parseStack(stated({ endpoints: ['http://127.0.0.1:1'] }), { loopback: true });
  expect(isResponseUrl(local, 'http://127.0.0.1:8080/answer')).toBe(true);
  expect(isResponseUrl(local, 'http://attacker.example/answer')).toBe(false);
});

it.each([
  ['an endpoint by plain http', { endpoints: ['http://identity.example'] }, /stack\.endpoints must be https/],
  ['an endpoint on loopback', { endpoints: ['http://127.0.0.1:1'] }, /stack\.endpoints must be https/],
  ['no endpoint', { endpoints: [] }, /stack\.endpoints /],
  ['a Region that is a pattern', { region: '.*' }, /stack\.region must be a Region/],
  ['a domain that is a pattern', { urlSuffix: '.*$|' }, /stack\.urlSuffix must be a domain name/],
])('the function does not start with %s', (_, rest, message) => {
  expect(() => parseStack(stated(rest), { loopback: false })).toThrow(message);
});
