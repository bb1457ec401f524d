// node autocannon-load.ts '<JSON of AutocannonLoad>': prints what load.lua prints, where wrk is missing.
import { createHistogram } from "node:perf_hooks"
import autocannon from "autocannon"
import type { AutocannonLoad } from "./load.ts"

const { url, body, headers, connections, seconds }: AutocannonLoad = JSON.parse(process.argv[2] ?? "{}")
const latenciesUs = createHistogram()
const options = { url, method: "POST", body, headers, connections, duration: seconds } as const
const running = autocannon(options, (failure, result) => {
  if (failure !== null) throw failure
  const { errors, timeouts, non2xx } = result
  console.log(
    JSON.stringify({
      requests: result.requests.total,
      durationUs: result.duration * 1_000_000,
      errors: { connection: errors - timeouts, timeout: timeouts, status: non2xx },
      p50Us: latenciesUs.percentile(50),
      p99Us: latenciesUs.percentile(99),
    }),
  )
})
running.on("response", (_client, _status, _bytes, tookMs) =>
  latenciesUs.record(Math.max(1, Math.round(tookMs * 1_000))),
)
