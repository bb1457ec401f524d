// node autocannon-load.ts '<JSON of LoadOptions>': prints what load.lua prints, where wrk is missing.
import { createHistogram } from "node:perf_hooks"
import autocannon from "autocannon"

const { url, body, headers, connections, seconds } = JSON.parse(process.argv[2] ?? "{}")
const latenciesUs = createHistogram()
const running = autocannon({ url, method: "POST", body, headers, connections, duration: seconds })
running.on("response", (_client, _status, _bytes, tookMs) =>
  latenciesUs.record(Math.max(1, Math.round(tookMs * 1_000))),
)
const result = await running
console.log(
  JSON.stringify({
    requests: result.requests.total,
    durationUs: result.duration * 1_000_000,
    errors: { connection: result.errors - result.timeouts, timeout: result.timeouts, status: result.non2xx },
    p50Us: latenciesUs.percentile(50),
    p99Us: latenciesUs.percentile(99),
  }),
)
