import type { AnswerHeaders } from "../providers/classification/answered.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { BodyRelay } from "./body-relay.ts"
import { EchoMask } from "./credential-echo.ts"
import { EventRelay } from "./event-relay.ts"
import { ListRelay } from "./list-relay.ts"
import { MaskedRelay } from "./masked-relay.ts"
import type { Relay, RelaySink } from "./relay.ts"

/** What an attempt says of the relay that it needs. */
export interface RelayOptions {
  readonly stripsUsage: boolean
  readonly sink: RelaySink
  /** The account's, which no client may see. */
  readonly credential: string
}

/** Opens the relay that the type of an answer asks for. What came in a coding that is not known cannot be followed and passes as a body. */
export const openRelay = (
  protocol: WireProtocol,
  headers: AnswerHeaders,
  { stripsUsage, sink, credential }: RelayOptions,
): Relay => {
  const isPlain = (headers["content-encoding"] ?? "identity") === "identity"
  const relay = isPlain
    ? relayOf(protocol, headers, { stripsUsage, sink })
    : bodyRelay(protocol, headers, sink)
  // Also where a coding is named: the bytes need not be coded at all.
  const mask = EchoMask.for(credential)
  return mask === undefined ? relay : new MaskedRelay(relay, mask)
}

const relayOf = (
  protocol: WireProtocol,
  headers: AnswerHeaders,
  { stripsUsage, sink }: Pick<RelayOptions, "stripsUsage" | "sink">,
): Relay => {
  const type = headers["content-type"]
  if (typeof type !== "string") return bodyRelay(protocol, headers, sink)
  if (type.startsWith("text/event-stream")) return new EventRelay(protocol, stripsUsage, sink)
  if (protocol.streamsLists && type.startsWith("application/json")) return new ListRelay(protocol, sink)
  return bodyRelay(protocol, headers, sink)
}

const bodyRelay = (protocol: WireProtocol, headers: AnswerHeaders, sink: RelaySink): Relay => {
  const length = headers["content-length"]
  return new BodyRelay(protocol, typeof length === "string" ? Number(length) : undefined, sink)
}
