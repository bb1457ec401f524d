import { statfs } from "node:fs/promises"
import type { FailingWrites } from "@sluice/infra/event-log/failing-writes.ts"
import { Clock, Effect } from "effect"

/** What the parts tell of their writes to the log, as far as nothing of them is taken. */
export class RefusedWrites {
  readonly #told = new Map<string, FailingWrites & { readonly at: number }>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Takes what a part tells once a second; `null` where its writes are taken. */
  told(part: string, failing: FailingWrites | null): void {
    if (failing === null) this.#told.delete(part)
    else this.#told.set(part, { ...failing, at: this.#now() })
  }

  /** Returns who has written in vain the longest; what was told a while ago, by a part that has fallen silent, does not count. */
  longest(): (FailingWrites & { readonly part: string }) | undefined {
    return [...this.#told]
      .filter(([, { at }]) => this.#now() - at < newsMs)
      .map(([part, failing]) => ({ part, ...failing }))
      .reduce<ReturnType<RefusedWrites["longest"]>>(
        (one, other) => (one === undefined || other.forMs > one.forMs ? other : one),
        undefined,
      )
  }
}

const newsMs = 3_000
const lookEveryMs = 1_000
/** One write that is not answered in its time shows nothing, nor does a server that is busy for a few seconds. */
const fewestTries = 3

/** How long a server may take nothing before it is started again: longer after each time, since a start reads the whole store. */
export const patience = { firstMs: 10_000, longestMs: 300_000 }

/** Less than so much and the disk would be full again at once. */
const neededBytes = 16 * 1024 * 1024
const neededFiles = 16

/** True if the disk of a directory has room for a log to go on with. */
export const hasRoom = (directory: string): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    const { bavail, bsize, files, ffree } = await statfs(directory)
    // A file system that counts no files has room for any.
    return bavail * bsize >= neededBytes && (files === 0 || ffree >= neededFiles)
  })

/**
 * Waits until a server, that has been ready for a while, takes nothing of what is written although its disk has room; gives the reason in words.
 *
 * A server keeps the error of a disk that was full when there is room again, and takes nothing before its next start (nats-server 2.15.1). While the disk is full, a start would not help.
 * Source: L9, S2.
 */
export const untilRefusing = Effect.fnUntraced(function* (of: {
  readonly writes: RefusedWrites
  readonly hasRoom: Effect.Effect<boolean>
  readonly patienceMs: number
}): Effect.fn.Return<string> {
  const readyAt = yield* Clock.currentTimeMillis
  for (;;) {
    yield* Effect.sleep(lookEveryMs)
    const readyMs = (yield* Clock.currentTimeMillis) - readyAt
    const failing = of.writes.longest()
    if (failing === undefined || failing.tries < fewestTries) continue
    if (Math.min(readyMs, failing.forMs) < of.patienceMs || !(yield* of.hasRoom)) continue
    const seconds = Math.round(failing.forMs / 1_000)
    return `it has taken nothing of what the ${failing.part} wrote for ${seconds} s although the disk has room, and was ended: ${failing.reason}`
  }
})
