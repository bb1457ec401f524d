import type { UpstreamAnswer } from "../exchange/failure.ts"
import { bodyWithoutEcho, headersWithoutEcho } from "./credential-echo.ts"

/** An answer that is no success, as it came. */
type Received = Pick<UpstreamAnswer, "status" | "headers" | "body">

/** Returns an answer that is no success as it may be read, recorded and passed on: without a body that is still coded, and the account's credential nowhere. */
export const legible = ({ status, headers, body }: Received, credential: string): Received => {
  const isPlain = (headers["content-encoding"] ?? "identity") === "identity"
  return {
    status,
    headers: headersWithoutEcho({ ...headers, "content-encoding": undefined }, credential),
    body: isPlain && body !== undefined ? bodyWithoutEcho(body, credential) : undefined,
  }
}
