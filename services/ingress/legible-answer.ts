import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib"
import type { AnswerHeaders } from "./classification/classification.ts"
import { bodyWithoutEcho, headersWithoutEcho } from "./credential-echo.ts"
import type { UpstreamAnswer } from "./failure.ts"

/** An answer that is no success, as it came. */
type Received = Pick<UpstreamAnswer, "status" | "headers" | "body">

const mostBytes = 1024 * 1024

const decoders: Readonly<
  Record<string, (body: Buffer, limit: { readonly maxOutputLength: number }) => Buffer>
> = { gzip: gunzipSync, "x-gzip": gunzipSync, deflate: inflateSync, br: brotliDecompressSync }

/** Undoes a coding that was not asked for, up to 1 MiB; `undefined` where that cannot be done. */
const decodedBody = (coding: string, body: Buffer): Buffer | undefined => {
  if (coding === "identity") return body
  try {
    return decoders[coding.trim().toLowerCase()]?.(body, { maxOutputLength: mostBytes })
  } catch (error) {
    // What is no such coding, or becomes too large, is thrown as an error with a code.
    if (error instanceof Error && "code" in error) return undefined
    throw error
  }
}

const codingOf = (headers: AnswerHeaders): string => String(headers["content-encoding"] ?? "identity")

/** Gives an answer that is no success as it may be read, recorded and passed on: its body without a coding, and the account's credential nowhere. */
export const legible = ({ status, headers, body }: Received, credential: string): Received => {
  const plain = body === undefined ? undefined : decodedBody(codingOf(headers), body)
  return {
    status,
    headers: headersWithoutEcho({ ...headers, "content-encoding": undefined }, credential),
    body: plain === undefined ? undefined : bodyWithoutEcho(plain, credential),
  }
}
