// Answers a grid of cron expressions with the matcher of the TypeScript SDK, the oracle of the tests.
//
// typescript_times.json was made with @dbos-inc/dbos-sdk 5.3.0 and Node 20.20 by
//
//   npm install --prefix <folder> @dbos-inc/dbos-sdk@5.3.0
//   python -m tests.client_core.cron.grid | DBOS_TS_SDK=<folder> \
//     node tests/client_core/cron/generate_typescript_times.mjs > tests/client_core/cron/typescript_times.json
//
// Input: a grid (see grid.py) as JSON. Output: the grid's zones and count, and per expression null if it
// is refused, else per zone and instant the next times, each in seconds since the one before it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const folder = resolve(process.env.DBOS_TS_SDK, "node_modules/@dbos-inc/dbos-sdk");
const require = createRequire(import.meta.url);
const { TimeMatcher, validateCrontab } = require(`${folder}/dist/src/scheduler/crontab.js`);
const CENTURY_MS = 36_600 * 86_400_000;

// The loop of DynamicSchedulerLoop without its sleep: what it wakes up for and then matches, it runs.
function nextTimes(expression, zone, after, count) {
  const matcher = new TimeMatcher(expression, zone);
  const times = [];
  let last = after * 1000;
  let lastTime = last;
  while (times.length < count) {
    const next = matcher.nextWakeupTime(last).getTime();
    if (next - last >= CENTURY_MS) break;
    if (matcher.match(next)) {
      times.push((next - lastTime) / 1000);
      lastTime = next;
    }
    last = next;
  }
  return times;
}

function accepted(expression) {
  try {
    validateCrontab(expression);
    return true;
  } catch {
    return false;
  }
}

const { expressions, zones, count } = JSON.parse(readFileSync(0, "utf8"));
const answers = Object.fromEntries(
  expressions.map((expression) => [
    expression,
    accepted(expression)
      ? Object.entries(zones).map(([zone, instants]) =>
          instants.map((after) => nextTimes(expression, zone, after, count)),
        )
      : null,
  ]),
);
const sdk = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).version;
const lines = Object.entries(answers).map((entry) => entry.map((part) => JSON.stringify(part)).join(":"));
process.stdout.write(
  `{"sdk":${JSON.stringify(sdk)},"tz":${JSON.stringify(process.versions.tz)},"count":${count},` +
    `"zones":${JSON.stringify(zones)},"answers":{\n${lines.join(",\n")}\n}}\n`,
);
