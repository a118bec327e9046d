// The official SDK, from the folder into which the tests installed it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const folder = process.argv[2];
const require = createRequire(join(folder, 'package.json'));

export const { DBOS, DBOSClient, DebouncerClient } = require('@dbos-inc/dbos-sdk');

// The SDK does not export its serializer, so this goes by the path of the file.
export const { DBOSJSON, serializeResErrorWithSerializer } = require(
  join(folder, 'node_modules/@dbos-inc/dbos-sdk/dist/src/serialization.js'),
);
