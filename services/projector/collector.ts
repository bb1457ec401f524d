import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import {
  addTo,
  closeBlock,
  fits,
  openBlock,
  reopenBlock,
  type Block,
  type BlockLimit,
  type ProjectedMessage,
} from "./block.ts"

/** Collects messages into blocks and has them written one at a time, while the next one fills. */
export interface Collector {
  /** Takes a message; where a full block waits for the one being written, it resolves when that is done. */
  add(message: ProjectedMessage): Promise<void> | undefined
  /** Writes what is left and resolves when everything is written. */
  finish(): Promise<void>
  /** Drops what is left and resolves when nothing is being written any more. */
  discard(): Promise<void>
}

/**
 * How long the first message of a block waits for more.
 *
 * A block costs each table an insert, however few its rows, so those of a busy log wait longer: it is looked every `quietWaitMs`, and while each look
 * finds `busyFacts` more, the block waits on, up to `busyWaitMs`. Source: P2.
 */
export interface BlockPace {
  readonly quietWaitMs: number
  readonly busyWaitMs: number
  readonly busyFacts: number
}

/** How blocks are cut and where they go. */
export interface CollectorOptions {
  readonly limit: BlockLimit
  readonly pace: BlockPace
  readonly clock: Clock
  write(block: Block): Promise<void>
  /** Called once, when a block could not be written; nothing is written after it. */
  onFailure(error: unknown): void
}

/** Cuts blocks of up to `limit`, or of what came within a wait. Source: P2. */
export const createCollector = (options: CollectorOptions): Collector => {
  let open = openBlock()
  /** The one that is being written, or was. */
  let written = openBlock()
  let writing: Promise<void> | undefined
  let isDue = false

  const close = (): Block => {
    isDue = false
    patience.end()
    return closeBlock(open)
  }
  const write = (block: Block): void => {
    reopenBlock(written)
    ;[open, written] = [written, open]
    writing = options.write(block).then(onWritten)
    writing.catch(options.onFailure)
  }
  const onWritten = (): void => {
    writing = undefined
    if (isDue) write(close())
  }
  const becomeDue = (): void => {
    isDue = true
    if (writing === undefined) write(close())
  }
  const patience = createPatience(options, { facts: () => open.facts, becomeDue })
  const take = (message: ProjectedMessage): void => {
    addTo(open, message)
    patience.begin()
  }
  const idle = async (): Promise<void> => {
    while (writing !== undefined) await writing
  }
  const takeWhenWritten = async (message: ProjectedMessage): Promise<void> => {
    // Closed before the wait, so that the tables get the next block at once.
    const block = close()
    await idle()
    write(block)
    take(message)
  }

  return {
    add: (message) => {
      if (!fits(open, message, options.limit)) return takeWhenWritten(message)
      take(message)
      return undefined
    },
    finish: async () => {
      patience.end()
      await idle()
      if (open.first !== undefined) write(close())
      await idle()
    },
    discard: async () => {
      patience.end()
      isDue = false
      open = openBlock()
      // Whoever has it written has heard of the failure.
      await idle().catch(() => undefined)
    },
  }
}

/** Waits for more as long as a pace lets a block wait. */
const createPatience = (
  { pace, clock }: Pick<CollectorOptions, "pace" | "clock">,
  { facts, becomeDue }: { facts: () => number; becomeDue: () => void },
): { begin(): void; end(): void } => {
  let timer: Cancel | undefined
  const lookIn = (waitedMs: number, seenFacts: number): void => {
    const { quietWaitMs, busyWaitMs, busyFacts } = pace
    timer = clock.at(clock.now() + quietWaitMs, () => {
      const isBusy = facts() - seenFacts >= busyFacts
      if (isBusy && waitedMs + quietWaitMs < busyWaitMs) lookIn(waitedMs + quietWaitMs, facts())
      else becomeDue()
    })
  }
  return {
    begin: () => {
      if (timer === undefined) lookIn(0, 0)
    },
    end: () => {
      timer?.()
      timer = undefined
    },
  }
}
