import { isLoopbackHost } from "../network/loopback.ts"
import type { Configuration } from "./configuration.ts"
import { InvalidConfiguration } from "./problem.ts"

/**
 * Says why an address must not be listened on, if so: without client keys only this machine may call.
 *
 * Source: S9.
 */
export const bindingProblem = (host: string, clients: ReadonlyArray<unknown>): string | undefined =>
  isLoopbackHost(host) || clients.length > 0
    ? undefined
    : `will not listen on ${host} without client keys: add clients to the configuration, or listen on 127.0.0.1`

/**
 * Says why a configuration must not replace the one that a process already listens with, if so: it would take the keys from callers beyond this machine.
 *
 * Source: S4, S9.
 */
export const refusedBinding = (
  host: string,
  { file, wanted }: Configuration,
): InvalidConfiguration | undefined => {
  if (bindingProblem(host, wanted.clients) === undefined) return undefined
  const problem = {
    path: "clients",
    line: 0,
    column: 0,
    value: null,
    expected: "clients with keys",
    message: `must not be empty while the proxy listens on ${host}: without client keys anyone who reaches it could call`,
  }
  return new InvalidConfiguration({ file, problems: [problem] })
}
