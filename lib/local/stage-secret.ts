/** The stage secret of the APIs of this process, which is their API Gateway and runs their functions. */
import { randomBytes } from 'node:crypto';
import { STAGE_SECRET_BYTES, STAGE_SECRET_VARIABLE } from '../../lambda/model/stage-secret';
import { hashOf } from '../../lambda/domain/digest';

const secret = randomBytes(STAGE_SECRET_BYTES).toString('base64url');

export const LOCAL_STAGE_VARIABLES = { [STAGE_SECRET_VARIABLE]: secret };

export const LOCAL_STAGE_SECRET_HASH = hashOf(secret);
