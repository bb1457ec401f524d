import { createRouter } from "@sluice/actors/routing/routing.ts"
import type { ConfigurationFile, PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import { readModelPattern } from "@sluice/events/configuration/model-pattern.ts"
import type { Protocol } from "@sluice/events/field.ts"
import type { ClientLimit } from "./client-limits.ts"

/** What a configuration says of who may call what, and where that goes. */
export interface Routes {
  /** Returns the pool that serves a model to a client. Source: B1. */
  route(protocol: Protocol, model: string, client: string): PoolConfiguration | undefined
  /** Lists the literal model names that a client can call. */
  models(client: string): ReadonlyArray<string>
  pool(id: string): PoolConfiguration | undefined
  weightOf(client: string): number
  /** Returns the limit of a client; `undefined` for one that is not configured. Source: A13. */
  limitOf(client: string): ClientLimit | undefined
}

/** Makes the routes of a configuration; a client that names no pools may call all. */
export const createRoutes = ({ pools, channels, clients }: ConfigurationFile): Routes => {
  const byId = new Map(pools.map((pool) => [pool.id, pool]))
  const clientById = new Map(clients.map((client) => [client.id, client]))
  const open = createRouter(pools, channels)
  const restricted = new Map(
    clients.flatMap(({ id, pools: allowed }) =>
      allowed === null
        ? []
        : [
            [
              id,
              createRouter(
                pools.filter((pool) => allowed.includes(pool.id)),
                channels,
              ),
            ] as const,
          ],
    ),
  )
  const allowedTo = (client: string): ReadonlyArray<PoolConfiguration> => {
    const allowed = clientById.get(client)?.pools ?? null
    return allowed === null ? pools : pools.filter(({ id }) => allowed.includes(id))
  }
  return {
    route: (protocol, model, client) => (restricted.get(client) ?? open)(protocol, model),
    models: (client) => [...new Set(allowedTo(client).flatMap(({ models }) => models.filter(isName)))],
    pool: (id) => byId.get(id),
    weightOf: (client) => clientById.get(client)?.weight ?? 1,
    limitOf: (client) => clientById.get(client),
  }
}

const isName = (model: string): boolean => {
  const pattern = readModelPattern(model)
  return typeof pattern !== "string" && pattern.isLiteral
}
