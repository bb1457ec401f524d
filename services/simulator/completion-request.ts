import type { IncomingMessage, ServerResponse } from "node:http"
import { sendStream, sendWhole } from "./answer.ts"
import { readControl, type Control } from "./control-headers.ts"
import { Exchange, takeFault, type ProviderState } from "./exchange.ts"
import type { Fault } from "./fault.ts"
import { planAnswer } from "./plan.ts"
import { readBody } from "./read-body.ts"
import type { Refusal, RefusalReason } from "./refusal.ts"
import { readAsk, type Ask } from "./request-body.ts"
import { seededRandom } from "./seeded-random.ts"
import type { RateReport, Wire } from "./wire/wire.ts"

/**
 * Serves one request for a completion: admits it, reads its body, and answers, refuses or fails as it was
 * told.
 */
export function serveCompletion(
  provider: ProviderState,
  wire: Wire,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const exchange = new Exchange(provider, wire, request, response)
  readBody(request, (body) => {
    if (body === null) exchange.refuse({ reason: "too_large" })
    else answer(exchange, body)
  })
}

function answer(exchange: Exchange, body: string): void {
  if (exchange.closed) return
  const { provider, wire, ticket } = exchange
  const ask = readAsk(body, (json) => wire.ask(json, exchange.request.url ?? ""))
  const model = "model" in ask ? ask.model : ""
  if (ticket.refusal !== null) return exchange.refuse({ ...ticket.refusal, model })
  const control = readControl(exchange.request.headers)
  if (typeof control === "string") return exchange.refuse({ reason: "invalid", message: control })
  if ("invalid" in ask)
    return exchange.refuse({
      reason: "invalid",
      message: ask.invalid,
      ...(ask.param === undefined ? {} : { param: ask.param }),
    })
  if (provider.settings.models?.includes(model) === false) return exchange.refuse({ reason: "model", model })
  const fault = takeFault(provider, control)
  if (fault !== null && failInstead(exchange, fault, ask, control)) return
  const random = control.key === null ? exchange.random : seededRandom(provider.seed, control.key)
  const plan = planAnswer(ask, control, provider.settings, { ids: exchange.random, draws: random })
  const tokens = provider.meter.takeTokens(ticket, plan.usage.inputTokens + plan.usage.outputTokens)
  if (tokens !== null) return exchange.refuse({ ...tokens, model })
  const usages = { told: fault?.kind !== "no-usage", asked: ask.includeUsage }
  const breaks = fault?.kind === "break" ? fault : null
  exchange.broken = breaks !== null
  if (ask.stream) sendStream(exchange, plan, usages, breaks)
  else sendWhole(exchange, plan, usages, breaks)
}

/**
 * Carries out a fault that stands in place of the answer. Returns false if the fault leaves the request its
 * answer.
 */
function failInstead(exchange: Exchange, fault: Fault, ask: Ask, control: Control): boolean {
  if (fault.kind === "break" || fault.kind === "no-usage") return false
  if (fault.kind === "no-stream-options" && !ask.streamOptions) return false
  exchange.broken = fault.kind === "hang" || fault.kind === "reset" || fault.kind === "not-json"
  if (fault.kind !== "hang") exchange.after(control.serviceMs ?? 0, () => fail(exchange, fault, ask.model))
  return true
}

function fail(
  exchange: Exchange,
  fault: Exclude<Fault, { kind: "break" | "hang" | "no-usage" }>,
  model: string,
): void {
  switch (fault.kind) {
    case "no-stream-options":
      return exchange.refuse({
        reason: "invalid",
        message: "Unknown parameter: 'stream_options'.",
        param: "stream_options",
      })
    case "reset":
      return exchange.reset()
    case "not-json":
      return exchange.send(
        200,
        "application/json",
        "<html><body>Sign in to the network to go on.</body></html>\n",
      )
    case "gateway":
      return exchange.send(fault.status, "text/html", gatewayPage(fault.status))
    case "refuse":
      return refuseOnDemand(exchange, fault.reason, {
        model,
        ...(fault.retryAfter === undefined ? {} : { retryAfter: fault.retryAfter }),
      })
  }
}

const retryMs = 6_000

function refuseOnDemand(exchange: Exchange, reason: RefusalReason, words: Partial<Refusal>): void {
  const { meter } = exchange.provider
  if (reason !== "requests" && reason !== "tokens") return exchange.refuse({ reason, ...words })
  const rates = meter.report(exchange.ticket.account)
  const { limit } = rates[reason]
  const resetMs = exchange.provider.clock.wallMs(retryMs)
  const empty: RateReport = { ...rates, [reason]: { limit, remaining: 0, resetMs } }
  exchange.refuse({ reason, ...words, limit, used: limit, requested: 1, retryMs: resetMs }, empty)
}

function gatewayPage(status: 502 | 504): string {
  const title = status === 502 ? "502 Bad Gateway" : "504 Gateway Time-out"
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`
}
