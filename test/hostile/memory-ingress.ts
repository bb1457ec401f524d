import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { manualClock } from "@sluice/infra/clock/clock.ts"
import { createAuthenticator } from "@sluice/infra/configuration/secrets/authenticator.ts"
import { keyDigest } from "@sluice/infra/configuration/secrets/secret.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { TrustedProxies } from "@sluice/infra/network/network.ts"
import { createRoutes } from "@sluice/ingress/admission/routes.ts"
import { createSessionIds } from "@sluice/ingress/admission/session-key.ts"
import { logFacts } from "@sluice/ingress/hosting/log-facts.ts"
import { refusalRecord } from "@sluice/ingress/refusals/refusal-record.ts"
import { createIngressServer } from "@sluice/ingress/server.ts"
import { startActors } from "@sluice/ingress/testing/actors-in-memory.ts"

/** The time of the actors passes so much faster than the wall's: cooldowns end while the exchanges go on. */
const speed = 60
const tickMs = 5

/** An ingress with its actors in this process, over a log in memory, that serves on a free port. */
export type MemoryIngress = Awaited<ReturnType<typeof startMemoryIngress>>

/** Starts one; `said` gives each line that it logs. */
export const startMemoryIngress = async (given: {
  readonly wanted: ConfigurationFile
  readonly credential: string
  /** The keys of the clients, by their ids. */
  readonly keys: Readonly<Record<string, string>>
}) => {
  const { wanted, credential } = given
  const clock = manualClock(Date.now())
  const lines: Array<string> = []
  const logger = createLogger({
    name: "ingress",
    level: "debug",
    stream: { write: (line) => void lines.push(line) },
  })
  const { node, admission, log, operate, troubles } = await startActors({ wanted, clock, credential })
  node.listen({ onFacts: ({ id }, facts) => logFacts(logger, id, facts), onReloaded: () => undefined })
  const routes = createRoutes(wanted)
  const clients = Object.entries(given.keys).map(([client, key]) => ({ client, keyDigest: keyDigest(key) }))
  const proxies = new TrustedProxies()
  let requests = 0
  const server = createIngressServer({
    admission,
    keysRequired: () => true,
    authenticate: createAuthenticator(clients),
    clientLimitOf: (client) => routes.limitOf(client),
    route: (protocol, model, client) => routes.route(protocol, model, client),
    sessionIdOf: createSessionIds(Buffer.alloc(32, 7)),
    models: (client) => routes.models(client),
    mostOutputOf: () => undefined,
    bodyLimitBytes: () => 256 * 1024,
    bodyBudgetBytes: () => 8 * 1024 * 1024,
    recordRefused: refusalRecord({ ingress: node.ingress, node: "n1", log: logger }),
    trustedProxies: () => proxies,
    isDiskFull: () => false,
    isShuttingDown: () => false,
    health: () => ({ ok: true, body: { status: "ok" } }),
    readiness: () => ({ ok: true, body: { closed: node.stopped } }),
    newRequestId: () => `r${(requests += 1)}`,
    now: clock.now,
    log: logger,
  })
  const port = await server.listen({ host: "127.0.0.1", port: 0 })
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    clock.advance(Math.round((now - last) * speed))
    last = now
  }, tickMs)
  return {
    port,
    node,
    log,
    operate,
    /** What was logged, and what the actors told of troubles. */
    said: () => [...lines, ...troubles],
    /** Lets what runs end, and stores everything. */
    close: async () => {
      admission.shutDown()
      await server.stop(1_000)
      await node.close()
      clearInterval(timer)
    },
  }
}
