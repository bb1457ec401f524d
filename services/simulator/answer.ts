import type { Exchange } from "./exchange.ts"
import type { Fault } from "./fault.ts"
import { chunkText, wholeMs, type Plan } from "./plan.ts"
import { drawAround } from "./seeded-random.ts"
import type { StreamFrames, Usages } from "./wire/wire.ts"

type Break = Extract<Fault, { kind: "break" }>

/** Sends an answer in one piece when its time has passed. */
export function sendWhole(exchange: Exchange, plan: Plan, usages: Usages, breaks: Break | null): void {
  exchange.after(wholeMs(plan), () => {
    const body = exchange.wire.completion(plan, usages)
    if (breaks === null) exchange.send(200, "application/json", body)
    else if (breaks.how === "error") exchange.refuse({ reason: "internal" })
    else {
      exchange.begin(200, [
        "content-type",
        "application/json",
        "content-length",
        String(Buffer.byteLength(body)),
      ])
      const half = body.slice(0, body.length >> 1)
      exchange.response.write(half, () => {
        if (breaks.how === "cut") exchange.cut()
      })
    }
  })
}

const maxWriteCharacters = 64 * 1024

/** Sends an answer as a stream at the plan's pace. */
export function sendStream(exchange: Exchange, plan: Plan, usages: Usages, breaks: Break | null): void {
  const stream = new PacedStream(exchange, plan, exchange.wire.frames(plan, usages), breaks)
  exchange.after(plan.ttftMs, () => stream.begin())
}

/**
 * One stream on its way. Each chunk has a time at which it is due, counted from the first one; a turn sends
 * all that are due together and then waits for the next, so that a pace faster than the timers costs no more
 * than one write each millisecond, and a late turn is made up for. While the client does not read, nothing is
 * made for it.
 */
class PacedStream {
  private readonly exchange: Exchange
  private readonly plan: Plan
  private readonly frames: StreamFrames
  private readonly breaks: Break | null
  private readonly last: number
  private beganMs = 0
  private next = 0
  private dueMs = 0

  constructor(exchange: Exchange, plan: Plan, frames: StreamFrames, breaks: Break | null) {
    this.exchange = exchange
    this.plan = plan
    this.frames = frames
    this.breaks = breaks
    this.last = breaks === null ? plan.chunks : Math.min(plan.chunks, breaks.afterChunks ?? plan.chunks >> 1)
  }

  begin(): void {
    const { contentType } = this.frames
    this.exchange.begin(200, ["content-type", contentType, "cache-control", "no-cache"])
    this.beganMs = this.exchange.provider.clock.nowMs()
    this.turn(this.frames.opening)
  }

  private turn(opening: string): void {
    const { response, provider } = this.exchange
    for (let text = opening; ; text = "") {
      const elapsedMs = provider.clock.nowMs() - this.beganMs
      text += this.dueChunks(elapsedMs)
      if (this.next >= this.last) return this.finish(text)
      if (text !== "" && !response.write(text)) {
        response.once("drain", () => this.turn(""))
        return
      }
      if (this.dueMs > elapsedMs) return this.exchange.after(this.dueMs - elapsedMs, () => this.turn(""))
    }
  }

  private dueChunks(elapsedMs: number): string {
    const { plan, frames } = this
    let text = ""
    while (this.next < this.last && this.dueMs <= elapsedMs && text.length < maxWriteCharacters) {
      const tail = typeof frames.tail === "string" ? frames.tail : frames.tail(this.next)
      text += frames.head + chunkText(plan, this.next) + tail
      this.next += 1
      this.dueMs += plan.gapJitter === 0 ? plan.gapMs : drawAround(plan.draws, plan.gapMs, plan.gapJitter)
    }
    return text
  }

  private finish(text: string): void {
    const { response, wire } = this.exchange
    if (this.breaks === null) response.end(text + this.frames.closing)
    else if (this.breaks.how === "error") response.end(text + wire.errorEvent())
    else {
      response.write(text, () => {
        if (this.breaks?.how === "cut") this.exchange.cut()
      })
    }
  }
}
