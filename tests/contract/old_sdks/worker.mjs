// An application on an old TypeScript SDK: `node worker.mjs FOLDER URL MODE`, where FOLDER has it
// installed.
//
// With `seed` it migrates the database, leaves the runs in it that the tests read, and ends. With
// `serve` it prints READY, and then, for each run ID that it is given, what the official client of
// that SDK reads of the run; it ends when its input closes.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, url, mode] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { DBOS, DBOSClient, WorkflowQueue } = require('@dbos-inc/dbos-sdk');

DBOS.setConfig({
  name: 'contract', // as that of today's SDK, which upgrades it
  databaseUrl: url, // of SDK 3, which wants an application's database as well
  systemDatabaseUrl: url,
  applicationVersion: 'v1',
  executorID: 'old-1',
  runAdminServer: false,
  logLevel: 'error',
});
new WorkflowQueue('work');

const values = () => ({
  text: 'grüß ✓',
  numbers: [3, 2.5, -1],
  truth: [true, false, null],
  raw: Buffer.from([0, 255]),
  when: new Date('2026-01-02T03:04:05.678Z'),
  big: 2n ** 60n,
  tags: new Set(['a', 'b']),
  nothing: undefined,
});

const step = (name, run) => DBOS.runStep(run, { name });
const add = (a, b) => step('add', async () => a + b);
const workflow = (name, run) => DBOS.registerWorkflow(run, { name });

class OutOfStock extends Error {
  name = 'OutOfStock';
  left = 0;
}

const report = workflow('report', async (customer, given) => {
  await DBOS.setEvent('progress', 'started');
  const total = await add(await add(1, 2), 3);
  await DBOS.writeStream('log', { total });
  await DBOS.writeStream('log', [customer, null]); // plain, as SDK 3 knows no more in a stream
  await DBOS.closeStream('log');
  await DBOS.setEvent('progress', given);
  const message = await DBOS.recv('decision', 60);
  return { customer, values: given, message };
});
const failing = workflow('failing', async (reason) => {
  throw new RangeError(reason);
});
const ordering = workflow('ordering', async (item) =>
  step('take', async () => {
    throw new OutOfStock(`0 of ${item} left`);
  }),
);
const child = workflow('child', (number) => add(number, number));
const parent = workflow('parent', async (number) =>
  (await DBOS.startWorkflow(child, { workflowID: 'child' })(number)).getResult(),
);
workflow('echo', async (...args) => args);
workflow('approval', async (document) => {
  await DBOS.setEvent('question', `approve ${document}?`);
  return DBOS.recv('decision', 60);
});
workflow('naps', async (count) => {
  for (let nap = 0; nap < count; nap++) await DBOS.sleep(50);
  return 'rested';
});
const tick = workflow('tick', async (when, context) => ({ when: when.toISOString(), context }));

const start = (run, workflowID, ...args) => DBOS.startWorkflow(run, { workflowID })(...args);

async function seed(client) {
  const success = await start(report, 'success', 'ann', values());
  await DBOS.send('success', values(), 'decision');
  await success.getResult();
  await letFail(await start(failing, 'failure', 'no stock'));
  await letFail(await start(ordering, 'own failure', 'tea'));
  await (await start(parent, 'parent', 4)).getResult();
  await client.enqueue(
    { queueName: 'nobody', workflowName: 'echo', workflowID: 'waiting' },
    'ann',
    { text: 'hello' },
  );
  await client.send('waiting', values(), 'decision');
  await DBOS.createSchedule?.({
    scheduleName: 'yearly',
    workflowFn: tick,
    schedule: '0 0 1 1 *',
    context: values(),
  });
}

async function letFail(handle) {
  const failed = await handle.getResult().then(() => false, () => true);
  if (!failed) throw new Error('It did not fail.');
}

async function serve(client) {
  console.log('READY');
  for await (const workflowID of createInterface({ input: process.stdin })) {
    const run = await client.getWorkflow(workflowID);
    const seen = {
      status: run.status,
      name: run.workflowName,
      queue_name: run.queueName,
      priority: run.priority,
      input: run.input,
      output: run.output ?? null,
    };
    console.log(JSON.stringify(seen));
  }
}

await DBOS.launch();
const client = await DBOSClient.create({ databaseUrl: url, systemDatabaseUrl: url });
await { seed, serve }[mode](client);
await client.destroy();
await DBOS.shutdown();
process.exit(0);
