import { unwatchFile, watchFile } from "node:fs"
import { Effect, Result } from "effect"
import { type Configuration, readConfiguration } from "./configuration.ts"
import type { InvalidConfiguration } from "./problem.ts"

/** What follows from a change of the file. */
export interface ConfigurationListener {
  /** Says what keeps a valid configuration from replacing the one in use, such as where the process listens; `undefined` where nothing does. */
  readonly refusal: (next: Configuration) => InvalidConfiguration | undefined
  /** Gets a valid configuration whose content is another than the last one's. */
  readonly onChange: (next: Configuration) => void
  /** Gets what is wrong with the file; what was valid before goes on. */
  readonly onInvalid: (error: InvalidConfiguration) => void
}

const pollMs = 250
const settleMs = 100
const retryMs = 1_000

/**
 * Watches a configuration file, and the files of its secrets, until it is disposed of.
 *
 * It asks for the state of each path four times a second and waits until a file has been still for 100 ms: that survives editors that
 * write elsewhere and rename, symbolic links that are swapped, and folders mounted from elsewhere, which notifications of the
 * operating system do not. An invalid file is read again every second. A change that leaves the content the same is none, and one
 * mistake is told once.
 * Source: S4.
 */
export const watchConfiguration = (current: Configuration, listener: ConfigurationListener): Disposable => {
  const { file } = current
  let fingerprint = current.fingerprint
  let paths: ReadonlyArray<string> = []
  let settling: NodeJS.Timeout | undefined
  let isStopped = false
  let lastTold = ""
  let reading = Promise.resolve()

  const rereadIn = (delayMs: number): void => {
    clearTimeout(settling)
    settling = setTimeout(() => {
      settling = undefined
      // One reading after the other, so that an older content never comes after a newer one.
      reading = reading.then(reread)
    }, delayMs).unref()
  }
  const touched = (): void => {
    rereadIn(settleMs)
  }

  const watch = (next: ReadonlyArray<string>): void => {
    for (const path of paths) if (!next.includes(path)) unwatchFile(path, touched)
    for (const path of next)
      if (!paths.includes(path)) watchFile(path, { interval: pollMs, persistent: false }, touched)
    paths = next
  }

  const acceptable = Effect.flatMap(readConfiguration(file), (next) => {
    const refusal = listener.refusal(next)
    return refusal === undefined ? Effect.succeed(next) : Effect.fail(refusal)
  })

  const reread = async (): Promise<void> => {
    const read = await Effect.runPromise(Effect.result(acceptable))
    if (isStopped) return
    if (Result.isFailure(read)) {
      if (read.failure.message !== lastTold) listener.onInvalid(read.failure)
      lastTold = read.failure.message
      // What it lacks may be a secret's file that is not watched yet.
      if (settling === undefined) rereadIn(retryMs)
      return
    }
    lastTold = ""
    const next = read.success
    if (next.fingerprint === fingerprint) return
    fingerprint = next.fingerprint
    watch([file, ...next.sources])
    listener.onChange(next)
  }

  watch([file, ...current.sources])
  // What changed between the reading of `current` and this instant would else never be seen.
  touched()
  return {
    [Symbol.dispose]: () => {
      isStopped = true
      clearTimeout(settling)
      watch([])
    },
  }
}
