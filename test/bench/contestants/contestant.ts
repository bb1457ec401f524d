/** Who takes part. */
export type ContestantName = "direct" | "haproxy" | "portkey" | "sluice" | "sluice alone"

/** What was left to be done behind the answers of a round. */
export interface Settled {
  /** How many facts were not in the tables when it ended. */
  readonly lagFacts: number
  /** How long it took until all were. */
  readonly caughtUpMs: number
}

/** A way from a client to the upstream that answers requests. */
export interface Contestant {
  readonly name: ContestantName
  /** Where it listens, without a path. */
  readonly url: string
  /** What its clients send beside the body. */
  readonly headers: Readonly<Record<string, string>>
  /** The process whose memory counts. */
  readonly pid: number
  /** Called before each round. */
  begin?(): void
  /** Resolves when what a round left to be done behind the answers is done, so that it does not weigh on the next. */
  settled(): Promise<Settled>
}

/** The key of the one client. */
export const clientKey = "sk-bench-client-0123456789"

/** What every client sends. */
export const clientHeaders = {
  "content-type": "application/json",
  authorization: `Bearer ${clientKey}`,
} as const

/** Nothing is done behind the answers. */
export const nothingBehind = async (): Promise<Settled> => ({ lagFacts: 0, caughtUpMs: 0 })

/** True if a contestant carries a request to the upstream and brings its answer back. */
export const answers = async (
  { url, headers }: Pick<Contestant, "url" | "headers">,
  model: string,
): Promise<boolean> => {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] })
  try {
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body })
    return response.ok && (await response.text()).includes('"object":"chat.completion"')
  } catch (error) {
    // Not listening yet.
    if (error instanceof TypeError) return false
    throw error
  }
}
