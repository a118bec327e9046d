// A real DBOS application for the contract tests: `node worker.mjs FOLDER URL`.
// Prints READY; ends when its input closes.
import { inspect } from 'node:util';
import { DBOS } from './sdk.mjs';
import { typed } from './values.mjs';

DBOS.setConfig({
  name: 'contract',
  systemDatabaseUrl: process.argv[3],
  applicationVersion: 'v1',
  executorID: 'contract-ts-1',
  logLevel: 'error',
  schedulerPollingIntervalMs: 100,
});

const add = (a, b) => DBOS.runStep(async () => a + b, { name: 'add' });

DBOS.registerWorkflow(async (...args) => args, { name: 'echo' });

// What arrived, in the words of Node.js: the types as they are on that side.
DBOS.registerWorkflow(
  async (...args) => inspect(args, { depth: null, breakLength: Infinity }),
  { name: 'describe' },
);

DBOS.registerWorkflow(
  async (...numbers) => {
    let result = 0;
    for (const number of numbers) {
      result = await add(result, number);
      await DBOS.setEvent('so far', result);
    }
    return result;
  },
  { name: 'total' },
);

DBOS.registerWorkflow(
  async (document) => {
    await DBOS.setEvent('question', `approve ${document}?`);
    return DBOS.recv('decision', { timeoutSeconds: 60 });
  },
  { name: 'approval' },
);

class OutOfStock extends Error {
  name = 'OutOfStock';
  code = 'E42';
  since = new Date(0);
}

DBOS.registerWorkflow(
  async (reason) => {
    throw new OutOfStock(reason, { cause: new RangeError('shelf') });
  },
  { name: 'failing' },
);

// Puts a value everywhere where a value can be.
const publish = async (value) => {
  await DBOS.setEvent('typed', value);
  await DBOS.writeStream('typed', value);
  await DBOS.closeStream('typed');
  return value;
};

DBOS.registerWorkflow(publish, { name: 'publish' });

DBOS.registerWorkflow(async () => publish(typed()), { name: 'typed' });

DBOS.registerWorkflow(async () => {}, { name: 'silent' });

DBOS.registerWorkflow(async () => [DBOS.authenticatedUser, DBOS.authenticatedRoles], {
  name: 'who',
});

DBOS.registerWorkflow(async (at, context) => ({ at, context }), { name: 'scheduled' });

await DBOS.launch();
await DBOS.registerQueue('work', { minPollingIntervalMs: 50 });
console.log('READY');
process.stdin.resume();
process.stdin.on('end', async () => {
  await DBOS.shutdown();
  process.exit(0);
});
