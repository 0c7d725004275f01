/**
 * The AWS clients of the commands in one file of the package, because they have most of their code in common. The client of
 * Amazon S3 is loaded when it is read.
 */
'use strict';

module.exports = {
  ...require('../aws.ts'),
  get s3() {
    return require('../s3.ts');
  },
};
