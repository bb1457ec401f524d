import { echoMark } from "./exchange-templates.ts"
import type { HostileAnswer, HostileExchange, HostileRequest } from "./hostile-exchanges.ts"

/** Names the exchange that an upstream is to answer; the proxy passes it on like any other header. */
export const exchangeHeader = "x-exchange"

type Slot = readonly [holder: Record<string, unknown>, name: string]

const slotsOf = (value: unknown): ReadonlyArray<Slot> => {
  if (typeof value !== "object" || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((name) => [[holder, name] as const, ...slotsOf(holder[name])])
}

/** Returns a JSON text in which members have other values, some of them such as no JavaScript value has. */
const edited = (json: unknown, edits: HostileRequest["json"]): string => {
  const root: Record<string, unknown> = { body: structuredClone(json) }
  for (const [nth, { at }] of edits.entries()) {
    const slots = slotsOf(root)
    const [holder, name] = slots[at % slots.length] ?? [root, "body"]
    holder[name] = `@edit${nth}@`
  }
  return edits.reduce(
    (text, { text: put }, nth) => text.replace(`"@edit${nth}@"`, () => put),
    JSON.stringify(root["body"]),
  )
}

const damaged = (bytes: Buffer, edits: HostileRequest["bytes"]): Buffer => {
  let result = bytes
  for (const { at, drop, insert } of edits) {
    const place = Math.floor(at * result.length)
    result = Buffer.concat([result.subarray(0, place), insert, result.subarray(place + drop)])
  }
  return result
}

const head = (first: string, headers: ReadonlyArray<readonly [string, string]>): string =>
  `${[first, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\r\n")}\r\n\r\n`

const keyHeaders = (how: HostileRequest["key"], key: string): ReadonlyArray<readonly [string, string]> => {
  if (how === "right") return [["authorization", `Bearer ${key}`]]
  if (how === "wrong") return [["authorization", "Bearer not-a-key-of-anyone"]]
  return how === "x-api-key" || how === "x-goog-api-key" ? [[how, key]] : []
}

/** Returns the bytes of a request. */
export const requestBytes = (
  { request }: HostileExchange,
  { nth, key }: { readonly nth: number; readonly key: string },
): Buffer => {
  const { template, path = template.path } = request
  const body = edited(template.body, request.json)
  const joint = path.includes("?") ? "&" : "?"
  const target = request.key === "query" ? `${path}${joint}key=${key}` : path
  const headers = [
    ["host", "127.0.0.1"],
    ["content-type", "application/json"],
    ["connection", "close"],
    [exchangeHeader, String(nth)],
    ["content-length", String(Buffer.byteLength(body))],
    ...keyHeaders(request.key, key),
    ...request.headers,
  ] as const
  return damaged(Buffer.from(`${head(`POST ${target} HTTP/1.1`, headers)}${body}`), request.bytes)
}

const bodyOf = ({ template, json }: HostileAnswer): string => {
  if (!template.events) return edited(template.parts[0], json)
  return template.parts
    .map((part, place) => {
      const mine = json.filter(({ at }) => at % template.parts.length === place)
      return `data: ${typeof part === "string" ? part : edited(part, mine)}\n\n`
    })
    .join("")
}

const framed = (body: Buffer, framing: HostileAnswer["framing"]): Buffer =>
  framing === "chunked"
    ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")])
    : body

/** Returns the bytes of an answer in the pieces in which they are sent, with the credential where it echoes that. */
export const answerPieces = (answer: HostileAnswer, credential: string): ReadonlyArray<Buffer> => {
  const { template, status = template.status, framing } = answer
  const body = Buffer.from(bodyOf(answer).replaceAll(echoMark, () => credential))
  const framings = {
    length: ["content-length", String(body.length)],
    chunked: ["transfer-encoding", "chunked"],
    close: ["connection", "close"],
  } as const
  const headers = [
    ["content-type", template.events ? "text/event-stream" : "application/json"],
    framings[framing],
    ["x-echo", credential],
    ...answer.headers,
  ] as const
  const bytes = damaged(
    Buffer.concat([Buffer.from(head(`HTTP/1.1 ${status} Said`, headers)), framed(body, framing)]),
    answer.bytes,
  )
  const end = answer.breaksAt === undefined ? bytes.length : Math.floor(answer.breaksAt * bytes.length)
  const places = answer.pieces.map((share) => Math.floor(share * end)).toSorted((one, other) => one - other)
  return [0, ...places].map((from, nth) => bytes.subarray(from, places[nth] ?? end))
}
