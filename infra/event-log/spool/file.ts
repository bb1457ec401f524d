import { type AppendedFile, type Disk, machineDisk } from "./disk.ts"
import { decodeRecords, type SpoolRecord } from "./record.ts"

/** Some whole records of a spool, and where the next ones begin. */
export interface SpoolPart {
  readonly records: ReadonlyArray<SpoolRecord>
  readonly nextOffset: number
}

interface Write {
  readonly bytes: Buffer
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const partBytes = 1024 * 1024

/**
 * An append-only file of records: what comes while a group is written and synced forms the next group.
 *
 * Source: L9.
 */
export class SpoolFile {
  #handle: AppendedFile
  /** So much of it is on the disk. */
  #bytes: number
  /** So much of it is done with. */
  #doneBytes = 0
  /** How many records are on the disk, or about to be, and are not done with. */
  #commits: number
  #waiting: Array<Write> = []
  #waitingBytes = 0
  #isBusy = false
  #isTorn = false
  #idle: Promise<void> = Promise.resolve()

  private constructor(handle: AppendedFile, { bytes, commits }: Whole) {
    this.#handle = handle
    this.#bytes = bytes
    this.#commits = commits
  }

  /**
   * Opens a spool, made where it is missing, and cuts what stands behind its last whole record: a write that was torn by the end of the process or of the power, of which nobody was
   * told that it is stored.
   */
  static async open(
    path: string,
    disk: Disk = machineDisk,
  ): Promise<{ readonly file: SpoolFile; readonly cutBytes: number }> {
    const handle = await disk.open(path)
    try {
      const size = await handle.size()
      const whole = await wholeBytes(handle, size)
      if (whole.bytes < size) {
        await handle.truncate(whole.bytes)
        await handle.sync()
      }
      return { file: new SpoolFile(handle, whole), cutBytes: size - whole.bytes }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** What it takes on the disk, or is about to. */
  get bytes(): number {
    return this.#bytes + this.#waitingBytes
  }

  /** How many records are not done with. */
  get commits(): number {
    return this.#commits
  }

  /** What of it is not done with. */
  get leftBytes(): number {
    return this.bytes - this.#doneBytes
  }

  /** Resolves when nothing is being written. */
  get idle(): Promise<void> {
    return this.#idle
  }

  /** Appends a record; resolves when it is on the disk. Fails: rejects with the file system's error, and the record is not in the file then. */
  append(bytes: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ bytes, resolve, reject })
    this.#waitingBytes += bytes.length
    this.#commits += 1
    if (!this.#isBusy) this.#work(async () => undefined)
    return promise
  }

  /** Returns the first records that are not done with; none where all are. */
  async next(): Promise<SpoolPart> {
    const offset = this.#doneBytes
    for (let length = partBytes; ; length *= 2) {
      const bytes = await this.#handle.read({ offset, length: Math.min(length, this.#bytes - offset) })
      const { records, bytes: read, rest } = decodeRecords(bytes)
      if (records.length > 0 || bytes.length === 0) return { records, nextOffset: offset + read }
      if (rest === "damaged" || bytes.length < length)
        throw new Error(`the spool cannot be read at byte ${offset}: its content has changed on the disk`)
    }
  }

  /** Is done with a part, and gives its size. */
  drop({ records, nextOffset }: SpoolPart): number {
    this.#commits -= records.length
    const bytes = nextOffset - this.#doneBytes
    this.#doneBytes = nextOffset
    return bytes
  }

  /** Empties it if all is done with, and tells whether it did; the disk knows of it then. Fails: rejects with the file system's error. */
  async clear(): Promise<boolean> {
    if (this.leftBytes > 0 || this.#isBusy) return false
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#work(async () => {
      try {
        await this.#handle.truncate(0)
        this.#bytes = 0
        this.#doneBytes = 0
        await this.#handle.sync()
        resolve()
      } catch (error) {
        reject(error)
      }
    })
    await promise
    return true
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    await this.#idle
    await this.#handle.close()
  }

  /** Does one thing to the file, then writes what has come meanwhile. */
  #work(first: () => Promise<void>): void {
    this.#isBusy = true
    this.#idle = (async () => {
      await first()
      while (this.#waiting.length > 0) await this.#writeGroup()
      this.#isBusy = false
    })()
  }

  async #writeGroup(): Promise<void> {
    const group = this.#waiting
    this.#waiting = []
    const bytes = Buffer.concat(group.map((write) => write.bytes))
    try {
      await this.#mend()
      this.#isTorn = true
      await this.#handle.append(bytes)
      await this.#handle.syncData()
      this.#isTorn = false
      this.#bytes += bytes.length
      this.#waitingBytes -= bytes.length
      for (const { resolve } of group) resolve()
    } catch (error) {
      this.#waitingBytes -= bytes.length
      this.#commits -= group.length
      // At once, so that a disk that is full gets its room back; where that fails, before the next write.
      await this.#mend().catch(() => undefined)
      for (const { reject } of group) reject(error)
    }
  }

  /** Takes back what a failed write has left, so that what is written next follows the last whole record. */
  async #mend(): Promise<void> {
    if (!this.#isTorn) return
    await this.#handle.truncate(this.#bytes)
    await this.#handle.sync()
    this.#isTorn = false
  }
}

interface Whole {
  readonly bytes: number
  readonly commits: number
}

const wholeBytes = async (handle: AppendedFile, size: number): Promise<Whole> => {
  let offset = 0
  let commits = 0
  for (let length = partBytes; offset < size;) {
    const bytes = await handle.read({ offset, length: Math.min(length, size - offset) })
    const { records, bytes: read, rest } = decodeRecords(bytes)
    const isLast = offset + bytes.length >= size
    offset += read
    commits += records.length
    if (rest === "damaged" || (rest === "unfinished" && isLast)) return { bytes: offset, commits }
    length = records.length > 0 ? partBytes : length * 2
  }
  return { bytes: offset, commits }
}
