import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { Schema } from "effect"
import type { EventLog, StoredMessage } from "../event-log/event-log.ts"
import type { Imports } from "../event-log/jetstream/imports.ts"
import { errorText } from "../process/error-text.ts"
import type { Manifest } from "./archive-line.ts"
import { ArchiveDamaged, readArchive } from "./read-archive.ts"

/** An archive cannot be imported here, for a reason that is not damage. */
export class ImportRefused extends Schema.TaggedError<ImportRefused>()("ImportRefused", {
  message: Schema.String,
}) {}

/** Follows the versions of each subject. */
class Versions {
  readonly #last = new Map<string, number>()

  /**
   * Takes the next commit, and tells whether it makes those before it in its subject superfluous: the log was purged up to its checkpoint while it was exported.
   *
   * Fails: throws where a commit is missing.
   */
  isAnewWith({ subject, body }: StoredMessage): boolean {
    const commit = versionIn(body)
    if (commit === undefined) return false
    const last = this.#last.get(subject)
    this.#last.set(subject, commit.version)
    if (commit.version === (last ?? 0) + 1) return false
    if (!commit.isBeginning || commit.version <= (last ?? 0))
      throw new Error(`version ${commit.version} of ${subject} follows ${last ?? 0}`)
    return last !== undefined
  }
}

/** A commit that cannot be read is kept as it is: it closes its subject here as it did there. */
const versionIn = (body: string): { readonly version: number; readonly isBeginning: boolean } | undefined => {
  try {
    const { version, facts } = JSON.parse(body) as {
      version: unknown
      facts: ReadonlyArray<{ type: string; part?: number }>
    }
    const [first] = facts
    const isBeginning = first !== undefined && isCheckpoint(first) && first.part === 0
    return typeof version === "number" ? { version, isBeginning } : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads an archive to its end and checks it: its hashes, its counts, and the versions of each subject.
 *
 * Fails: rejects with `ArchiveDamaged`, and with `ImportRefused` where it was not written to its end.
 */
export const checkArchive = async (path: string, onProgress: (bytes: number) => void): Promise<Manifest> => {
  const versions = new Versions()
  let manifest: Manifest | undefined
  let lines = 0
  for await (const part of readArchive(path)) {
    for (const message of part.messages)
      try {
        versions.isAnewWith(message)
      } catch (error) {
        const reason = errorText(error)
        throw new ArchiveDamaged({ path, line: message.line, reason })
      }
    ;({ manifest } = part)
    ;({ lines } = part.state)
    onProgress(part.state.end)
  }
  if (manifest !== undefined) return manifest
  throw new ImportRefused({
    message:
      lines === 0
        ? `${path} is no export of a log, or it was cut off in its first block`
        : `${path} ends after line ${lines} without its last line: let sluice export --out ${path} finish it`,
  })
}

/** Where and how a checked archive is imported. */
export interface ImportOptions {
  readonly log: EventLog
  readonly imports: Imports
  readonly path: string
  readonly manifest: Manifest
  readonly signal: AbortSignal
  readonly onProgress: (records: number) => void
}

/** So many appends are under way at once. */
const window = 256

/**
 * Puts the commits of a checked archive into an empty log, in their order; one that was interrupted goes on.
 *
 * Fails: rejects with `ImportRefused` where the log holds something else, with `LogUnavailable`, and with the signal's reason.
 */
export const importArchive = async (options: ImportOptions): Promise<void> => {
  const { log, imports, manifest } = options
  const head = await log.head()
  await requireRoom(options, head)
  await imports.begin(manifest.sha256)
  const appender = new Appender(log, options.signal)
  let done = 0
  for await (const { messages } of readArchive(options.path))
    for (const message of messages) {
      done += 1
      if (done <= head) {
        await appender.skip(message, { sequence: done, isLast: done === head })
        continue
      }
      await appender.append(message, done)
      if (done % window === 0) options.onProgress(done)
    }
  await appender.settled()
  if ((await log.head()) !== manifest.records)
    throw new ImportRefused({ message: "somebody else writes to this log: import into an empty one" })
  await imports.finish()
  options.onProgress(done)
}

const requireRoom = async ({ imports, manifest, path }: ImportOptions, head: number): Promise<void> => {
  const unfinished = await imports.unfinished()
  if (unfinished === undefined && head > 0)
    throw new ImportRefused({
      message: `the log is not empty (${head} commits so far): import ${path} into a new data directory, with --data`,
    })
  if (unfinished !== undefined && unfinished !== manifest.sha256)
    throw new ImportRefused({
      message: `an import of another file was begun here and not finished: finish that one, or import ${path} into a new data directory, with --data`,
    })
}

/** Appends one after the other, many under way: alone on an empty log, the sequences are known beforehand. */
class Appender {
  readonly #log: EventLog
  readonly #signal: AbortSignal
  readonly #versions = new Versions()
  readonly #tails = new Map<string, number>()
  #underWay: Array<Promise<number>> = []

  constructor(log: EventLog, signal: AbortSignal) {
    this.#log = log
    this.#signal = signal
  }

  /** Passes over what an earlier import has stored; the last of it has to be the same commit. */
  async skip(
    message: StoredMessage,
    { sequence, isLast }: { readonly sequence: number; readonly isLast: boolean },
  ): Promise<void> {
    const { subject, id } = message
    this.#versions.isAnewWith(message)
    this.#tails.set(subject, sequence)
    if (!isLast) return
    const last = await this.#log.last(subject)
    if (last?.id !== id || last.sequence !== sequence)
      throw new ImportRefused({
        message:
          "what an earlier import left in this log is not the beginning of the file: use a new data directory",
      })
  }

  async append(message: StoredMessage, sequence: number): Promise<void> {
    const { subject, id, body } = message
    const isAnew = this.#versions.isAnewWith(message)
    const expectedSequence = this.#tails.get(subject) ?? 0
    this.#tails.set(subject, sequence)
    const appended = this.#log.append({ subject, id, body, expectedSequence })
    appended.catch(() => undefined)
    this.#underWay.push(appended)
    if (this.#underWay.length >= window || isAnew) await this.settled()
    if (isAnew) await this.#log.purge({ subject, beforeSequence: sequence })
  }

  /** Resolves when all that was appended is stored. */
  async settled(): Promise<void> {
    const underWay = this.#underWay
    this.#underWay = []
    await Promise.all(underWay)
    this.#signal.throwIfAborted()
  }
}
