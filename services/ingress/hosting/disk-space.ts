import { statfs } from "node:fs/promises"
import { usualMinFreeDiskBytes } from "@sluice/events/configuration/configuration.ts"
import { Effect, type Scope } from "effect"
import type { IngressLog } from "../ingress-options.ts"

const lookEveryMs = 1_000

/** Tells how much can still be written to the disk of a directory. Units: bytes. Fails: rejects where the file system cannot say it. */
export const freeBytesOf = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

/** What a look at a disk needs. */
export interface DiskSpaceOptions {
  /** Units: bytes. */
  readonly freeBytes: () => Promise<number>
  /** How much has to be free, as it is set now: 0 for nothing, `undefined` for as much as is usual. Units: bytes. */
  readonly minFreeBytes: () => number | undefined
  readonly log: IngressLog
}

/**
 * Looks once a second whether the disk has room for what new requests would have written, so that there is always some for the ends of those that run.
 *
 * Source: S9.
 */
export class DiskSpace implements Disposable {
  readonly #options: DiskSpaceOptions
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  #isUnknown = false
  #isFull = false
  /** As the last look saw it; `undefined` before one has seen anything. Units: bytes. */
  freeBytes: number | undefined

  constructor(options: DiskSpaceOptions) {
    this.#options = options
  }

  /** True if less is free than has to be. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Looks now, and again every second until it is disposed of; resolves after the first look. A look that fails changes nothing. */
  async watch(): Promise<void> {
    try {
      this.freeBytes = await this.#options.freeBytes()
      this.#isUnknown = false
      this.#judge(this.freeBytes)
    } catch (error) {
      if (!this.#isUnknown)
        this.#options.log.error({ err: error }, "how much of the disk is free cannot be told")
      this.#isUnknown = true
    }
    if (!this.#isOver) this.#timer = setTimeout(() => void this.watch(), lookEveryMs).unref()
  }

  #judge(freeBytes: number): void {
    const minFreeBytes = this.#options.minFreeBytes() ?? usualMinFreeDiskBytes
    const isFull = freeBytes < minFreeBytes
    if (isFull === this.#isFull) return
    this.#isFull = isFull
    const seen = { freeBytes, minFreeBytes }
    if (isFull) this.#options.log.error(seen, "the disk is nearly full: nothing new is admitted")
    else this.#options.log.warn(seen, "the disk has room again: requests are admitted")
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

/** Watches a disk until the scope closes; the first look is over when it begins. */
export const openDiskSpace = (options: DiskSpaceOptions): Effect.Effect<DiskSpace, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const disk = new DiskSpace(options)
      await disk.watch()
      return disk
    }),
    (disk) => Effect.sync(() => disk[Symbol.dispose]()),
  )
