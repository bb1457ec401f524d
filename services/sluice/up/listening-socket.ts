import { lookup } from "node:dns/promises"
import net from "node:net"
import { getSystemErrorName } from "node:util"
import { Effect, Predicate, type Scope } from "effect"
import { CommandFailed } from "../failure.ts"

/** A socket that this process holds open and never reads: connections wait in it while whoever accepts them is started again. */
export interface ListeningSocket {
  readonly fd: number
  readonly host: string
  readonly port: number
  /** Lets go of it; nothing when that was done. */
  readonly close: () => void
}

/** As much as is used of what Node has below a server: bound to an address, and not yet asked for connections. */
interface BoundHandle {
  readonly fd: number
  getsockname(into: object): number
  close(): void
}

/** Where systemd puts the first socket that it passes. Source: sd_listen_fds(3). */
const firstPassed = 3

const portProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another program: choose one with --port",
  EACCES: "is not for this user: choose one above 1023 with --port",
  EADDRNOTAVAIL: "is at an address that this machine does not have: choose one with --host",
  ENOTFOUND: "is at a host that is not known: choose one with --host",
}

/** Opens a socket at an address until the scope closes; port 0 lets the system choose. Fails: with one line where nobody could listen there. Source: S2. */
export const openSocket = (
  host: string,
  port: number,
): Effect.Effect<ListeningSocket, CommandFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const { address, family } = await lookup(host)
        return { ...socketOf(bind(address, port, family)), host }
      },
      catch: (error) => {
        const code = Predicate.hasProperty(error, "code") ? String(error.code) : ""
        const problem = portProblems[code] ?? `cannot be listened on (${code || String(error)})`
        return new CommandFailed({ message: `port ${port} on ${host} ${problem}` })
      },
    }),
    ({ close }) => Effect.sync(close),
  )

/** Takes the socket that the service manager has passed, which outlives this process; `undefined` where it passed none. Source: S2, sd_listen_fds(3). */
export const passedSocket: Effect.Effect<ListeningSocket | undefined, CommandFailed, Scope.Scope> =
  Effect.suspend(() => {
    const fd = passedDescriptor()
    if (fd === undefined) return Effect.succeed(undefined)
    return Effect.acquireRelease(
      Effect.try({
        try: () => socketOf(bind(null, null, null, fd)),
        catch: () =>
          new CommandFailed({ message: "what LISTEN_FDS passes is no socket that can be listened on" }),
      }),
      ({ close }) => Effect.sync(close),
    )
  })

/** The process in whose place this one runs puts it elsewhere, and says where. */
const passedDescriptor = (): number | undefined => {
  const { SLUICE_LISTEN_FD: moved, LISTEN_PID: pid, LISTEN_FDS: count } = process.env
  // They are meant for this process, not for those that it starts.
  for (const name of ["SLUICE_LISTEN_FD", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
    delete process.env[name]
  if (moved !== undefined) return Number(moved)
  return pid === String(process.pid) && Number(count) > 0 ? firstPassed : undefined
}

/** A server of Node would accept connections here; what is below it only holds them. */
const bind = (...at: readonly [string | null, number | null, number | null, number?]): BoundHandle => {
  const create: unknown = Reflect.get(net, "_createServerHandle")
  if (typeof create !== "function") throw new Error("this version of Node binds no socket by itself")
  const handle: unknown = create(...at)
  if (typeof handle === "number") throw systemError(handle)
  return handle as BoundHandle
}

const socketOf = (handle: BoundHandle): ListeningSocket => {
  const name: { address?: string; port?: number } = {}
  const error = handle.getsockname(name)
  let isOpen = true
  const close = () => {
    if (isOpen) handle.close()
    isOpen = false
  }
  const { address, port } = name
  if (error === 0 && address !== undefined && port !== undefined)
    return { fd: handle.fd, host: address, port, close }
  close()
  throw systemError(error)
}

const systemError = (error: number): Error => {
  const code = error === 0 ? "EADDRINUSE" : getSystemErrorName(error)
  return Object.assign(new Error(code), { code })
}
