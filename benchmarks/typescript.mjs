// The official TypeScript client, to be measured: `node typescript.mjs FOLDER URL DEPTH ENQUEUES`.
// It answers each line of its input, an operation, with a line of JSON; it ends with its input.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, systemDatabaseUrl, depth, enqueues] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { DBOSClient } = require('@dbos-inc/dbos-sdk');

const ORDER = { id: 'A-1', lines: [{ sku: 'A-1', count: 2 }], total: 49.5 };
// As many at once as the client's pool has connections by default.
const AT_ONCE = 5;

// By default it gives up after 30 s, which its page at depth takes on a busy machine.
const observabilityQueryTimeoutMs = 600_000;

const client = await DBOSClient.create({ systemDatabaseUrl, observabilityQueryTimeoutMs });

const enqueue = () => client.enqueue({ workflowName: 'place_order', queueName: 'orders' }, ORDER);
const page = (more) => () => client.listWorkflows({ limit: 50, sortDesc: true, ...more });
const lean = { loadInput: false, loadOutput: false };
const offset = Number(depth);

async function enqueueMany(atOnce) {
  for (let done = 0; done < Number(enqueues); done += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, enqueue));
  }
}

const operations = {
  enqueue,
  enqueue_many: () => enqueueMany(1),
  enqueue_many_threaded: () => enqueueMany(AT_ONCE),
  page: page(),
  page_without_payloads: page(lean),
  deep_page: page({ offset }),
  deep_page_without_payloads: page({ offset, ...lean }),
  get: (id) => client.getWorkflow(id),
  steps: (id) => client.listWorkflowSteps(id),
  send: (id) => client.send(id, ORDER, 'topic'),
};

async function times({ operation, ids, budget_seconds }) {
  const call = operations[operation];
  const taken = [];
  const began = performance.now();
  for (const id of ids) {
    const start = performance.now();
    await call(id);
    const end = performance.now();
    taken.push(end - start);
    if (end - began > budget_seconds * 1000) break;
  }
  return taken;
}

async function resultAt({ result_of }) {
  await client.retrieveWorkflow(result_of).getResult();
  return Date.now() / 1000;
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer = 'result_of' in question ? resultAt(question) : times(question);
  process.stdout.write(`${JSON.stringify(await answer)}\n`);
}
await client.destroy();
