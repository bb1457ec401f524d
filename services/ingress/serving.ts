import { createUlids } from "@sluice/infra/identity/ulid.ts"
import { httpUrl } from "@sluice/infra/network/http-url.ts"
import { Effect } from "effect"
import type { ActorAdmission } from "./admission/admission.ts"
import { createSessionIds } from "./admission/session-key.ts"
import type { ActorNode } from "./hosting/actor-node.ts"
import type { DiskSpace } from "./hosting/disk-space.ts"
import { bodyBudgetOf } from "./http/body-budget.ts"
import type { IngressParts } from "./ingress-parts.ts"
import { listen } from "./listening.ts"
import { readinessOf } from "./readiness.ts"
import { refusalRecord } from "./refusals/refusal-record.ts"
import { createIngressServer } from "./server.ts"

/** What requests are served with. */
interface Serving {
  readonly node: ActorNode
  readonly admission: ActorAdmission
  readonly disk: DiskSpace
}

/** Serves requests until the scope closes; then it stops listening and lets what is in flight end. Returns where it listens. Fails: `CannotStart`. Source: L10. */
export const serve = Effect.fnUntraced(function* (parts: IngressParts, { node, admission, disk }: Serving) {
  const { current, eventLog, clock } = parts
  const nextId = createUlids()
  const settings = () => current.configuration.wanted.settings
  let isShuttingDown = false
  const server = createIngressServer({
    admission,
    keysRequired: () => current.configuration.wanted.clients.length > 0,
    authenticate: (key) => current.configuration.authenticate(key),
    clientLimitOf: (client) => current.routes.limitOf(client),
    route: (protocol, model, client) => current.routes.route(protocol, model, client),
    sessionIdOf: createSessionIds(parts.sessionSecret),
    models: (client) => current.routes.models(client),
    mostOutputOf: (model) => current.mostOutputOf(model),
    bodyLimitBytes: () => settings().bodyLimitBytes,
    bodyBudgetBytes: () => bodyBudgetOf(settings()),
    recordRefused: refusalRecord({ ingress: node.ingress, node: parts.node, log: parts.lines }),
    trustedProxies: () => current.trustedProxies,
    isDiskFull: () => disk.isFull,
    isShuttingDown: () => isShuttingDown,
    health: () => ({ ok: true, body: { status: "ok", node: parts.node } }),
    readiness: () =>
      readinessOf(node, eventLog, {
        isShuttingDown,
        disk,
        channels: current.configuration.wanted.channels.map(({ id }) => id),
      }),
    newRequestId: () => nextId(clock.now()),
    now: clock.now,
    log: parts.lines,
  })
  const stop = () => {
    isShuttingDown = true
    admission.shutDown()
    return server.stop(current.configuration.wanted.settings.shutdownGraceMs)
  }
  const port = yield* Effect.acquireRelease(
    listen(server, { host: parts.host, port: parts.port, fd: parts.listenFd }),
    () => Effect.promise(stop),
  )
  return { url: httpUrl({ host: parts.host, port }), server }
})
