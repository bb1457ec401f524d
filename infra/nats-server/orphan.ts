import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Option, Predicate, Schema } from "effect"
import { directoryIdentity } from "../process/directory-identity.ts"
import { isStillRunning, processIdentity } from "../process/process-identity.ts"

const graceMs = 10_000
const pollMs = 20

/** The server that was started last on a directory, as both can be found again. */
const StartedServer = Schema.Struct({
  pid: Schema.Int,
  identity: Schema.String,
  /** Of the directory: in a copy of it the server is that of the other. */
  directory: Schema.String,
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(StartedServer))
const fileIn = (directory: string): string => join(directory, "server.json")

/** Writes down which server runs on a directory, for the start that may find it without the process that looked after it. */
export const noteServer = (directory: string, pid: number): void => {
  const server: typeof StartedServer.Type = {
    pid,
    identity: processIdentity(pid) ?? "",
    directory: directoryIdentity(directory),
  }
  const file = fileIn(directory)
  writeFileSync(`${file}.new`, `${JSON.stringify(server)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/**
 * Ends the server that still runs on a directory although the process that started it is dead.
 *
 * To be called under the directory's lock only, which proves that no living process looks after that server. Source: S2.
 */
export const endOrphan = async (directory: string): Promise<void> => {
  const server = Option.getOrUndefined(decode(contentOf(fileIn(directory))))
  if (server === undefined || server.directory !== directoryIdentity(directory)) return
  const deadline = performance.now() + graceMs
  for (let signal: NodeJS.Signals = "SIGTERM"; isStillRunning(server); signal = "SIGKILL") {
    send(server.pid, signal)
    while (isStillRunning(server) && (signal === "SIGKILL" || performance.now() < deadline))
      await pause(pollMs)
  }
}

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It ended in this instant.
    if (!Predicate.hasProperty(error, "code") || error.code !== "ESRCH") throw error
  }
}

const contentOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (Predicate.hasProperty(error, "code") && error.code === "ENOENT") return ""
    throw error
  }
}
