import type { EventLog, StoredMessage } from "../event-log/event-log.ts"
import { findExpendable } from "../event-log/expendable.ts"
import { ArchiveRefused } from "./archive-file.ts"
import { chained, factsIn, recordLine } from "./archive-line.ts"
import { gzipMember } from "./gzip-member.ts"
import { type ArchiveState, emptyArchive } from "./read-archive.ts"

/** How an archive is written. */
export interface WriteOptions {
  readonly log: EventLog
  /** Takes the bytes in their order. */
  readonly write: (bytes: Buffer) => Promise<void>
  /** What is written already. Default: nothing. */
  readonly after?: ArchiveState
  /** Leaves out what a checkpoint before this time stands for; `null`: nothing. Units: milliseconds since the epoch. */
  readonly fromMs: number | null
  readonly signal: AbortSignal
  readonly onProgress: (state: ArchiveState, head: number) => void
}

const blockRecords = 2_000
const blockCharacters = 2 * 1024 * 1024

/**
 * Writes what a log holds when it begins, in blocks that are good by themselves, and then the manifest.
 *
 * Fails: rejects with `ArchiveRefused` where the beginning is of another log, with `LogUnavailable`, with what `write` rejects with, and with the signal's reason.
 */
export const writeArchive = async (options: WriteOptions): Promise<ArchiveState> => {
  const { log, write, fromMs, signal, onProgress } = options
  const head = await log.head()
  const begins = fromMs === null ? new Map<string, number>() : await beginningsBefore(log, fromMs)
  let state: ArchiveState = { ...(options.after ?? emptyArchive), from: fromMs }
  await requireSameLog(log, { state, head })
  let messages: Array<StoredMessage> = []
  let characters = 0
  const flush = async (): Promise<void> => {
    signal.throwIfAborted()
    const block = blockOf(messages, state)
    await write(block.bytes)
    ;({ state } = block)
    messages = []
    characters = 0
    onProgress(state, head)
  }
  for await (const message of log.read({ afterSequence: state.lastSequence, untilSequence: head })) {
    if (message.sequence < (begins.get(message.subject) ?? 0)) continue
    messages.push(message)
    characters += message.body.length
    if (messages.length === blockRecords || characters >= blockCharacters) await flush()
  }
  if (messages.length > 0 || state.blocks === 0) await flush()
  const { blocks, records, facts, subjects, sha256 } = state
  const manifest = { end: true, blocks, records, facts, subjects: subjects.size, sha256 }
  await write(gzipMember(`${JSON.stringify(manifest)}\n`))
  return state
}

/** What was written before has to be of this log: its last commit stands there still, unless it was purged. */
const requireSameLog = async (
  log: EventLog,
  { state: { lastSequence, lastId }, head }: { readonly state: ArchiveState; readonly head: number },
): Promise<void> => {
  let isOther = lastSequence > head
  for await (const { id } of log.read({ afterSequence: lastSequence - 1, untilSequence: lastSequence }))
    isOther = id !== lastId
  if (isOther)
    throw new ArchiveRefused({
      message: "what an earlier export has written is of another log: choose another file with --out",
    })
}

/** Where each subject may begin so that it can be folded: at its newest checkpoint before a time. */
const beginningsBefore = async (log: EventLog, fromMs: number): Promise<ReadonlyMap<string, number>> => {
  const found = await findExpendable(log, {
    subjects: new Set(await log.subjects()),
    untilSequence: Infinity,
    beforeMs: fromMs,
    nowMs: Infinity,
    beforeMsIfLarge: fromMs,
    bytesMax: Infinity,
  })
  return new Map(found.map(({ subject, beforeSequence }) => [subject, beforeSequence]))
}

const blockOf = (
  messages: ReadonlyArray<StoredMessage>,
  before: ArchiveState,
): { readonly bytes: Buffer; readonly state: ArchiveState } => {
  const header = before.blocks === 0 ? [JSON.stringify({ sluice: "log", format: 1, from: before.from })] : []
  const lines = [...header, ...messages.map(recordLine)]
  const text = lines.map((line) => `${line}\n`).join("")
  const sha256 = chained(before.sha256, text)
  const end = JSON.stringify({ block: before.blocks, records: messages.length, sha256 })
  const bytes = gzipMember(`${text}${end}\n`)
  const state: ArchiveState = {
    ...before,
    sha256,
    blocks: before.blocks + 1,
    records: before.records + messages.length,
    facts: messages.reduce((sum, { body }) => sum + factsIn(body), before.facts),
    subjects: new Set([...before.subjects, ...messages.map(({ subject }) => subject)]),
    lastSequence: messages.at(-1)?.sequence ?? before.lastSequence,
    lastId: messages.at(-1)?.id ?? before.lastId,
    lines: before.lines + lines.length + 1,
    end: before.end + bytes.length,
  }
  return { bytes, state }
}
