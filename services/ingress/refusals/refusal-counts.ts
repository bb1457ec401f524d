import type { HostedChannel } from "../admission/hosted-channel.ts"

/** So many refusals of one channel and reason are told one by one in a second; the others of it are counted. Source: A11. */
const toldPerSecond = 100
const spanMs = 1_000

interface Count {
  told: number
  untold: number
  lastRequest: string
}

/** Tells a channel of the refusals that its state is the reason of, one by one or, where there are very many, as a number. Source: A11. */
export class RefusalCounts {
  #counts = new Map<string, Count>()
  #at: (timeMs: number, run: () => void) => void
  #now: () => number

  constructor({ now, at }: { now(): number; at(timeMs: number, run: () => void): unknown }) {
    this.#now = now
    this.#at = at
  }

  /** Takes note of a refusal. */
  add(
    channel: HostedChannel,
    { request, reason }: { readonly request: string; readonly reason: string },
  ): void {
    const key = `${channel.id} ${reason}`
    const count = this.#counts.get(key) ?? this.#open(key, channel, reason)
    if (count.told < toldPerSecond) {
      count.told += 1
      tell(channel, { request, reason, count: 1 })
    } else {
      count.untold += 1
      count.lastRequest = request
    }
  }

  #open(key: string, channel: HostedChannel, reason: string): Count {
    const count = { told: 0, untold: 0, lastRequest: "" }
    this.#counts.set(key, count)
    this.#at(this.#now() + spanMs, () => {
      this.#counts.delete(key)
      if (count.untold > 0) tell(channel, { request: count.lastRequest, reason, count: count.untold })
    })
    return count
  }
}

const tell = (
  { subject }: HostedChannel,
  told: { readonly request: string; readonly reason: string; readonly count: number },
): void => {
  if (subject.isLive) subject.execute({ type: "refuse", ...told })
}
