import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import type { RefusedCount } from "@sluice/events/ingress.ts"
import { TrustedProxies } from "@sluice/infra/network/network.ts"
import { Schema } from "effect"
import type { IngressOptions } from "../ingress-options.ts"
import { createIngressServer, type IngressServer } from "../server.ts"
import { ScriptedAdmission, type ScriptedAdmissionOptions, type ScriptedPlace } from "./scripted-admission.ts"

const noProxies = new TrustedProxies()
const decodeChannel = Schema.decodeUnknownSync(ChannelConfiguration)
const decodeAccount = Schema.decodeUnknownSync(AccountConfiguration)
const decodePool = Schema.decodeUnknownSync(PoolConfiguration)

/** One account on one channel of a scripted ingress. */
export const placeAt = (
  baseUrl: string,
  of: {
    readonly channel?: Readonly<Record<string, unknown>>
    readonly account?: Readonly<Record<string, unknown>>
    readonly credential?: string
  } = {},
): ScriptedPlace => ({
  channel: decodeChannel({ id: "c1", protocol: "openai", baseUrl, models: ["m1"], ...of.channel }),
  account: decodeAccount({ id: "a1", ...of.account }),
  credential: of.credential ?? "sk-upstream",
})

/** What a test says of the ingress that it wants. */
export interface ScriptedIngressOptions {
  readonly places: ReadonlyArray<ScriptedPlace>
  readonly admission?: Omit<ScriptedAdmissionOptions, "places">
  readonly pool?: Readonly<Record<string, unknown>>
  readonly options?: Partial<IngressOptions>
}

/** An ingress over a scripted admission. */
export interface ScriptedIngress extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly admission: ScriptedAdmission
  readonly server: IngressServer
  /** What was recorded of refused requests as numbers. */
  readonly refused: ReadonlyArray<RefusedCount>
  /** What was logged. */
  readonly logged: ReadonlyArray<{
    readonly level: string
    readonly fields: object
    readonly message: string
  }>
}

/** Starts one on a free port. The pool `p1` serves every model but those that begin with `unknown`. */
export const startScriptedIngress = async (given: ScriptedIngressOptions): Promise<ScriptedIngress> => {
  const admission = new ScriptedAdmission({ places: given.places, ...given.admission })
  const pool = decodePool({ id: "p1", models: ["*"], tiers: [["c1"]], ...given.pool })
  const refused: Array<RefusedCount> = []
  const logged: Array<{ level: string; fields: object; message: string }> = []
  let requests = 0
  const server = createIngressServer({
    admission,
    keysRequired: () => false,
    authenticate: () => "local",
    clientLimitOf: () => undefined,
    route: (_protocol, model) => (model.startsWith("unknown") ? undefined : pool),
    sessionIdOf: ({ client, key }) => `${client}/${key}`,
    models: () => ["m1", "m2"],
    mostOutputOf: () => undefined,
    bodyLimitBytes: () => 1024 * 1024,
    bodyBudgetBytes: () => 16 * 1024 * 1024,
    recordRefused: (counts) => refused.push(...counts),
    trustedProxies: () => noProxies,
    isDiskFull: () => false,
    isShuttingDown: () => false,
    health: () => ({ ok: true, body: { status: "ok" } }),
    readiness: () => ({ ok: true, body: { status: "ready" } }),
    now: Date.now,
    newRequestId: () => {
      requests += 1
      return `req-${requests}`
    },
    log: {
      warn: (fields, message) => logged.push({ level: "warn", fields, message }),
      error: (fields, message) => logged.push({ level: "error", fields, message }),
    },
    random: () => 0,
    ...given.options,
  })
  const port = await server.listen({ host: "127.0.0.1", port: 0 })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    admission,
    server,
    refused,
    logged,
    [Symbol.asyncDispose]: () => server.stop(0),
  }
}
