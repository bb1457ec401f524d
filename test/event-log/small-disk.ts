import { execFileSync } from "node:child_process"
import { appendFileSync, rmSync, statfsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A directory whose file system can be filled to its last byte and freed again. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string
  /** Leaves no room for anything; `writer` is who must not be able to write any more. */
  fill(writer: number): void
  free(writer: number): void
}

const isMounted = (path: string, bytes: number): boolean => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/**
 * Makes a file system of so many bytes; whoever may not mount one gets a directory in its place, where filling means that the writer may not make its files any longer.
 *
 * The error that the writer meets and keeps is the same in kind: a write that the system refuses.
 */
export const openSmallDisk = async (bytes: number): Promise<SmallDisk> => {
  const path = await mkdtemp(join(tmpdir(), "sluice-disk-"))
  const hasOwn = isMounted(path, bytes)
  const filling = join(path, "filling")
  const limit = (pid: number, size: string) =>
    execFileSync("prlimit", ["--pid", String(pid), `--fsize=${size}`])
  return {
    path,
    fill: (writer) => {
      if (!hasOwn) return void limit(writer, "1:unlimited")
      for (let left = room(path); left > 0; left = room(path))
        appendFileSync(filling, Buffer.alloc(Math.min(left, 1024 * 1024)))
    },
    free: (writer) => {
      if (hasOwn) rmSync(filling)
      else limit(writer, "unlimited")
    },
    [Symbol.asyncDispose]: async () => {
      if (hasOwn) execFileSync("umount", ["--lazy", path])
      await rm(path, { recursive: true, force: true })
    },
  }
}

const room = (path: string): number => {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
