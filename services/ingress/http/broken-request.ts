import { STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import { errorCatalogue } from "../refusals/error-catalogue.ts"
import type { RefusedRequest } from "../refusals/refused-requests.ts"

/** What Node's parser finds wrong with the head of a request, before anything is served. */
const headErrors = new Set([
  "HPE_HEADER_OVERFLOW",
  "HPE_INVALID_CONSTANT",
  "HPE_INVALID_CONTENT_LENGTH",
  "HPE_INVALID_HEADER_TOKEN",
  "HPE_INVALID_METHOD",
  "HPE_INVALID_TRANSFER_ENCODING",
  "HPE_INVALID_URL",
  "HPE_INVALID_VERSION",
  "HPE_PAUSED_H2_UPGRADE",
  "HPE_UNEXPECTED_CONTENT_LENGTH",
])

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: errorCatalogue.headers_too_large.status,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** How a head that cannot be served is counted; `undefined` where the error is of a body, whose request has a story of its own, or of the connection. Source: S9. */
export const refusedHead = ({ code = "" }: NodeJS.ErrnoException): RefusedRequest | undefined => {
  if (!headErrors.has(code)) return undefined
  const refused = code === "HPE_HEADER_OVERFLOW" ? "headers_too_large" : "malformed_request"
  return { client: "", code: errorCatalogue[refused].code, status: errorCatalogue[refused].status }
}

/** Answers what is no request, where a line can still be said, and closes the connection: as Node's server does by itself where nobody listens for such errors. */
export const answerBroken = (socket: Socket, error: NodeJS.ErrnoException, maySpeak: boolean): void => {
  if (socket.writable && maySpeak && error.code !== "ECONNRESET") {
    const status = statuses[error.code ?? ""] ?? errorCatalogue.malformed_request.status
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
  }
  socket.destroy(error)
}
