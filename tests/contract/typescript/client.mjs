// Official clients that do what the lines of the input say: `node client.mjs FOLDER`.
// A line is `{"url", "calls": [[method, ...arguments], ...]}`: each method is called on what the one
// before it gave, or a field of it read. With a "debouncer" the first is called on one of that configuration.
// A line `{"questions"}` is for the serializer.
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { consult } from './oracle.mjs';
import { DBOSClient, DebouncerClient } from './sdk.mjs';

const quiet = { info() {}, debug() {}, warn() {}, error() {} };
const clients = new Map();

const clientOf = async (url) => {
  if (!clients.has(url)) {
    clients.set(url, await DBOSClient.create({ systemDatabaseUrl: url, logger: quiet }));
  }
  return clients.get(url);
};

// A handle holds its client; of it the ID is wanted.
const plain = (value) => {
  if (Array.isArray(value)) return value.map(plain);
  return typeof value?.getResult === 'function' ? value.workflowID : value;
};

const revived = (value) => {
  if (typeof value !== 'object' || value === null) return value;
  if ('$expression' in value) return new Function(`return (${value.$expression})`)();
  if (Array.isArray(value)) return value.map(revived);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, revived(part)]));
};

const collect = async (stream) => {
  const values = [];
  for await (const value of stream) values.push(value);
  return values;
};

const answer = async ({ url, debouncer, calls, questions }) => {
  if (questions) return { answers: await Promise.all(questions.map(consult)) };
  const client = await clientOf(url);
  let value = debouncer ? new DebouncerClient(client, revived(debouncer)) : client;
  for (const [method, ...args] of calls) {
    const member = value[method];
    value = typeof member === 'function' ? await value[method](...args.map(revived)) : member;
    if (typeof value?.[Symbol.asyncIterator] === 'function') value = await collect(value);
  }
  value = plain(value);
  const shown = inspect(value, { depth: null, breakLength: Infinity, compact: true });
  return { value: value ?? null, shown };
};

const big = (key, value) => (typeof value === 'bigint' ? String(value) : value);

console.log('READY');
for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = await answer(JSON.parse(line));
  } catch (error) {
    said = { error: { name: error.constructor.name, message: error.message } };
  }
  console.log(JSON.stringify(said, big));
}
await Promise.all([...clients.values()].map((client) => client.destroy()));
