import type { Readable } from "node:stream"
import { JsonScan } from "../json/scan.ts"
import { isObject, type ScannedBody, type WireProtocol } from "../providers/protocol.ts"
import { inTurn, turnBytes } from "../turns.ts"
import type { BodyRoom } from "./body-budget.ts"
import { type Problem, problem } from "./errors.ts"
import { GatheredBody } from "./gathered-body.ts"

/** What bounds the body of a request, and what is read in it. */
export interface BodyReading {
  readonly protocol: WireProtocol
  readonly limitBytes: number
  readonly room: BodyRoom
}

/** What is known of a request while its body comes. */
export interface IncomingBody {
  readonly headers: { readonly contentLength: number }
  bytes: number
  body: Buffer
  /** What was read in the body, once it is whole. */
  scanned: ScannedBody | undefined
  /** Drops what has come of the body, and what still comes; absent while there is nothing to stop. */
  stopReading: (() => void) | undefined
}

/**
 * Reads the body up to the limit, scanning it piece by piece and a large one in turns with others, then says what came of it. It says nothing when the client leaves before.
 *
 * A body that is refused, or no longer wanted, is dropped at once, and so are the pieces of it that still come.
 */
export const readBody = (
  request: Readable,
  intake: IncomingBody,
  { protocol, limitBytes, room }: BodyReading,
  done: (problem: Problem | undefined) => void,
): void => {
  const { contentLength } = intake.headers
  const declaredBytes = contentLength > 0 ? contentLength : 0
  const scan = new JsonScan(protocol.asked, { isStrict: true })
  const gathered = new GatheredBody(declaredBytes)
  const excess = room.grow(declaredBytes)
  if (excess !== undefined) return done(excess)
  const check = (piece: Buffer): Problem | undefined => {
    if (intake.bytes > limitBytes) return bodyTooLarge(limitBytes)
    const full = room.grow(gathered.capacityWith(piece))
    if (full !== undefined) return full
    scan.feed(piece)
    return scan.problem === undefined ? undefined : notReadable(scan.problem)
  }
  let sinceTurnBytes = 0
  const take = (piece: Buffer): void => {
    intake.bytes += piece.length
    sinceTurnBytes += piece.length
    const refused = check(piece)
    if (refused !== undefined) {
      stop()
      return done(refused)
    }
    gathered.add(piece)
    if (sinceTurnBytes < turnBytes || request.isPaused()) return
    request.pause()
    inTurn(() => {
      sinceTurnBytes = 0
      request.resume()
    })
  }
  const end = (): void => {
    const { json, ranges, files, isWhole } = scan
    if (!isWhole || !isObject(json)) {
      stop()
      return done(notReadable("It is not a JSON object."))
    }
    intake.stopReading = undefined
    intake.body = gathered.whole()
    intake.scanned = { bytes: intake.bytes, json, ranges, files }
    done(undefined)
  }
  const stop = (): void => {
    request.off("data", take)
    request.off("end", end)
    gathered.drop()
    room.release()
    intake.stopReading = undefined
  }
  intake.stopReading = stop
  request.on("data", take)
  request.on("end", end)
}

/** What is said of a body that is larger than the limit. */
export const bodyTooLarge = (limitBytes: number): Problem =>
  problem("body_too_large", `The body is larger than ${limitBytes} bytes.`)

const notReadable = (why: string): Problem =>
  problem("invalid_body", `The body must be a JSON object. ${why}`)
