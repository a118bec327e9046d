// The demo's shop in TypeScript, beside the one in Python: `node shop.mjs FOLDER URL`.
// Its workflows have the names of that one's, its queues their own.
// Prints READY; ends when its input closes, as if it was killed: what waits goes on at its next start.
import { DBOS } from './sdk.mjs';

DBOS.setConfig({
  name: 'shop-ts',
  systemDatabaseUrl: process.argv[3],
  applicationVersion: 'shop-ts-1',
  executorID: 'shop-ts-worker',
  logLevel: 'error',
});

const APPROVAL_SECONDS = 24 * 60 * 60;
const NAP_MS = 60_000;
const QUEUES = { orders: {}, warehouse: {}, reports: { globalConcurrency: 2 } };
const PRICES = { mug: 9.5, teapot: 34.5 };

const own = (queue) => `${queue}-ts`;
const step = (name, run) => DBOS.runStep(async () => run(), { name });
const start = (workflow, queue, workflowID) =>
  DBOS.startWorkflow(workflow, { queueName: own(queue), workflowID });

const reserveStock = DBOS.registerWorkflow(
  async (sku) => ({ sku, shelf: await step('find_shelf', () => 'A1') }),
  { name: 'reserve_stock' },
);

DBOS.registerWorkflow(
  async (customer, items) => {
    const id = DBOS.workflowID;
    const total = await step('price', () => items.reduce((sum, sku) => sum + PRICES[sku], 0));
    for (const [number, sku] of items.entries()) {
      const reservation = await start(reserveStock, 'warehouse', `${id}-stock-${number + 1}`)(sku);
      await reservation.getResult({ pollingIntervalMs: 100 });
    }
    await step('charge_card', () => `receipt for ${customer}`);
    await DBOS.setEvent('progress', 'waiting for approval');
    const decision = await DBOS.recv('approval', { timeoutSeconds: APPROVAL_SECONDS });
    if (decision?.approved !== true) return { order: id, status: 'rejected', approved_by: null };
    await step('ship', () => ({ customer, parcels: 1 }));
    return { order: id, total, status: 'shipped', approved_by: decision.by };
  },
  { name: 'order' },
);

const longReport = DBOS.registerWorkflow(
  async (hours) => {
    const naps = Math.round((hours * 3_600_000) / NAP_MS);
    for (let nap = 0; nap < naps; nap += 1) await DBOS.sleepms(NAP_MS);
    return { pages: naps };
  },
  { name: 'long_report' },
);

DBOS.registerWorkflow(
  async (hours) => {
    const quarters = [];
    for (const quarter of [1, 2, 3, 4]) {
      quarters.push(await start(longReport, 'reports', `${DBOS.workflowID}-q${quarter}`)(hours));
    }
    return Promise.all(quarters.map((report) => report.getResult()));
  },
  { name: 'annual_report' },
);

await DBOS.launch();
for (const [name, limits] of Object.entries(QUEUES)) {
  await DBOS.registerQueue(own(name), { minPollingIntervalMs: 100, ...limits });
}
console.log('READY');
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
