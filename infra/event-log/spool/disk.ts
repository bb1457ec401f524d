import { type FileHandle, mkdir, open } from "node:fs/promises"
import { dirname } from "node:path"

/** A file that is appended to, as a spool needs it. Fails: every call rejects with the file system's error. */
export interface AppendedFile {
  size(): Promise<number>
  /** Returns fewer bytes only where the file ends. */
  read(range: { offset: number; length: number }): Promise<Buffer>
  append(bytes: Buffer): Promise<void>
  truncate(size: number): Promise<void>
  /** Makes its content last. */
  syncData(): Promise<void>
  /** Makes its content last, and all that is known of the file. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Where a process keeps files. */
export interface Disk {
  /** Opens a file, made where it is missing, so that its place lasts as its content does. */
  open(path: string): Promise<AppendedFile>
}

/** The machine's disk. */
export const machineDisk: Disk = {
  open: async (path) => {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(path, "a+", 0o600)
    try {
      await syncDirectory(dirname(path))
    } catch (error) {
      await handle.close()
      throw error
    }
    return appendedFile(handle)
  },
}

const appendedFile = (handle: FileHandle): AppendedFile => ({
  size: async () => (await handle.stat()).size,
  read: async ({ offset, length }) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  },
  append: (bytes) => handle.appendFile(bytes),
  truncate: (size) => handle.truncate(size),
  syncData: () => handle.datasync(),
  sync: () => handle.sync(),
  close: () => handle.close(),
})

/** Makes the file's place in its directory last as its content does. */
const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, "r")
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
