// Makes the calls that come on stdin, one JSON object a line:  node send.mjs <url> <write key>
// Ends with 0 when the SDK has delivered everything.
import { createInterface } from "node:readline";
import { Analytics } from "@segment/analytics-node";

const [url, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host: url, flushInterval: 100, maxEventsInBatch: 20 });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});

for await (const line of createInterface({ input: process.stdin })) {
  const { type, timestamp, ...call } = JSON.parse(line);
  analytics[type]({ ...call, timestamp: new Date(timestamp) });
}
await analytics.closeAndFlush({ timeout: 60000 });
