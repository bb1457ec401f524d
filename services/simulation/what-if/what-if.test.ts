import type { ConfigurationFile } from "@sluice/events/configuration.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { describe, expect, it } from "vitest"
import type { Outcome } from "./outcome.ts"
import { builtInPrices, configurationOf, recordVirtually, startMs } from "./testing/virtual-record.ts"
import { readRecording, whatIf } from "./what-if.ts"

const signal = new AbortController().signal
const onProgress = () => undefined

const compare = async (
  log: EventLog,
  other: ConfigurationFile,
  { fromS, toS, seed = 1 }: { fromS?: number; toS?: number; seed?: number } = {},
) => {
  const at = (s: number | undefined) => (s === undefined ? null : startMs + s * 1000)
  const wanted = { fromMs: at(fromS), toMs: at(toS) }
  const recording = await readRecording(log, { wanted, signal, onProgress })
  return whatIf({ recording, other, prices: builtInPrices, seed, signal, onProgress })
}

/** Within 2 % or 3, whichever is more. */
const expectAlike = (again: Outcome, recorded: Outcome): void => {
  const codes = new Set([...Object.keys(again.codes), ...Object.keys(recorded.codes)])
  const pairs: Array<readonly [name: string, one: number, other: number]> = [
    ["requests", again.requests, recorded.requests],
    ["completed", again.completed, recorded.completed],
    ["rejections", again.rejections, recorded.rejections],
    ...[...codes].map((code) => [code, again.codes[code] ?? 0, recorded.codes[code] ?? 0] as const),
  ]
  const off = pairs.filter(([, one, other]) => Math.abs(one - other) > Math.max(3, other * 0.02))
  expect(off, JSON.stringify({ again, recorded }, null, 1)).toEqual([])
}

describe("what if", () => {
  it("reproduces", async () => {
    const wanted = configurationOf([{ id: "a", concurrency: 30 }], { queueSize: 20, queueTimeoutMs: 5_000 })
    const log = await recordVirtually({
      configurations: [[0, wanted]],
      providers: { a: { concurrency: 20 } },
      seconds: 600,
      perSecond: 9,
    })
    const compared = await compare(
      log,
      configurationOf([{ id: "a", concurrency: 10 }], { queueSize: 20, queueTimeoutMs: 5_000 }),
    )
    console.log(JSON.stringify(compared, null, 1))
    expectAlike(compared.again, compared.recorded)
  })
})
