import { fileURLToPath } from "node:url"
import type { Contestant } from "./contestants/contestant.ts"
import { mean, percentile } from "./figures.ts"
import { benchModel } from "./load.ts"
import type { Processes } from "./processes.ts"

const client = fileURLToPath(new URL("stream-client.ts", import.meta.url))

/** How streams are asked for: so many at once, so many times, each of so many chunks. */
export interface StreamPlan {
  readonly streams: number
  readonly chunks: number
  readonly bursts: number
  /** How long the upstream takes to the first chunk, and from each to the next. */
  readonly firstChunkMs: number
  readonly chunkGapMs: number
}

/** What the client's process is told. */
export interface StreamLoad extends Pick<StreamPlan, "streams" | "chunks" | "bursts"> {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the client's process saw of one stream. */
export interface StreamTimes {
  /** From the request to the first chunk of text. */
  readonly firstChunkMs: number
  /** Between a chunk and the next. */
  readonly gapsMs: ReadonlyArray<number>
}

/** What came of one round of streams. */
export interface StreamResult {
  readonly firstChunkMeanMs: number
  readonly firstChunkP50Ms: number
  readonly firstChunkP99Ms: number
  readonly gapP99Ms: number
}

/**
 * Asks a contestant for bursts of streams from a process of its own, the same for all.
 *
 * Fails: throws when a single stream is refused, cut or has not all of its chunks.
 */
export const streamLoad = async (
  { name, url, headers }: Pick<Contestant, "name" | "url" | "headers">,
  { processes, plan }: { processes: Processes; plan: StreamPlan },
): Promise<StreamResult> => {
  const { streams, chunks, bursts } = plan
  const messages = [{ role: "user", content: "hello" }]
  const body = JSON.stringify({ model: benchModel, stream: true, messages })
  const told: StreamLoad = {
    url,
    streams,
    chunks,
    bursts,
    body,
    headers,
  }
  try {
    const output = await processes.run(process.execPath, [client, JSON.stringify(told)])
    return resultOf(JSON.parse(output) as ReadonlyArray<StreamTimes>)
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error)
    const [first] = /^Error: .*$/m.exec(said) ?? [said]
    throw new Error(`${name} at ${streams} streams: ${first}`, { cause: error })
  }
}

const resultOf = (times: ReadonlyArray<StreamTimes>): StreamResult => {
  const firsts = times.map(({ firstChunkMs }) => firstChunkMs)
  return {
    firstChunkMeanMs: mean(firsts),
    firstChunkP50Ms: percentile(firsts, 0.5),
    firstChunkP99Ms: percentile(firsts, 0.99),
    gapP99Ms: percentile(
      times.flatMap(({ gapsMs }) => gapsMs),
      0.99,
    ),
  }
}
