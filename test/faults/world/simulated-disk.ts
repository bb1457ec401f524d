import { sleep } from "@sluice/infra/clock/clock.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { AppendedFile, Disk } from "@sluice/infra/event-log/spool/disk.ts"

/** The disk did not do what it was asked for. */
export class DiskFailed extends Error {}

/** How a disk misbehaves. */
export interface DiskFaults {
  /** Draws in 0…1. */
  readonly random: () => number
  /** The share of writes that fail, torn or not, and of syncs. */
  readonly failing: number
}

interface Kept {
  content: Buffer
  /** What a power failure leaves at least. */
  synced: Buffer
}

/** A disk that outlives the processes that write to it. */
export class SimulatedDisk {
  readonly #files = new Map<string, Kept>()
  readonly faults: DiskFaults
  isHealed = false

  constructor(faults: DiskFaults) {
    this.faults = faults
  }

  /** Returns what of a file outlasts everything. */
  synced(path: string): Buffer {
    return this.#files.get(path)?.synced ?? Buffer.alloc(0)
  }

  /** Returns the disk as one process sees it: with the end of its clock its writes end too, in the middle if need be. */
  seenBy(clock: Clock & { onKill(end: () => void): void }): Disk {
    return {
      open: async (path) => {
        await this.#took(clock)
        const kept = this.#files.get(path) ?? { content: Buffer.alloc(0), synced: Buffer.alloc(0) }
        this.#files.set(path, kept)
        return this.#file(kept, clock)
      },
    }
  }

  /** Loses what was not synced, or a part of it. */
  cutPower(): void {
    for (const kept of this.#files.values()) {
      const { content, synced } = kept
      const isLonger = content.length > synced.length && content.subarray(0, synced.length).equals(synced)
      const left = synced.length + Math.floor(this.faults.random() * (content.length - synced.length + 1))
      kept.content = isLonger ? content.subarray(0, left) : this.faults.random() < 0.5 ? content : synced
      kept.synced = kept.content
    }
  }

  #file(kept: Kept, clock: Clock & { onKill(end: () => void): void }): AppendedFile {
    const sync = async (): Promise<void> => {
      const { content } = kept
      await this.#took(clock)
      this.#mayFail()
      kept.synced = content
    }
    return {
      size: async () => kept.content.length,
      read: async ({ offset, length }) => {
        await this.#took(clock)
        return Buffer.from(kept.content.subarray(offset, offset + length))
      },
      append: async (bytes) => {
        let isWritten = false
        const tear = (): void => {
          if (isWritten) return
          const torn = Math.floor(this.faults.random() * (bytes.length + 1))
          kept.content = Buffer.concat([kept.content, bytes.subarray(0, torn)])
        }
        clock.onKill(tear)
        await this.#took(clock)
        if (this.#isFailing()) {
          tear()
          isWritten = true
          throw new DiskFailed("no space left on the device")
        }
        isWritten = true
        kept.content = Buffer.concat([kept.content, bytes])
      },
      truncate: async (size) => {
        await this.#took(clock)
        this.#mayFail()
        kept.content = kept.content.subarray(0, size)
      },
      syncData: sync,
      sync,
      close: async () => undefined,
    }
  }

  #isFailing(): boolean {
    return !this.isHealed && this.faults.random() < this.faults.failing
  }

  #mayFail(): void {
    if (this.#isFailing()) throw new DiskFailed("input/output error")
  }

  #took(clock: Clock): Promise<void> {
    return sleep(clock, Math.ceil(this.faults.random() * 5))
  }
}
