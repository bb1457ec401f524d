import type { IncomingMessage } from "node:http"

const maxBodyBytes = 64 * 1024 * 1024

/**
 * Reads a whole body as text and hands it on once, or `null` as soon as it exceeds 64 MiB; never if the
 * client closes before its end.
 */
export function readBody(request: IncomingMessage, done: (body: string | null) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on("data", (chunk: Buffer) => {
    if (bytes > maxBodyBytes) return
    bytes += chunk.length
    if (bytes > maxBodyBytes) done(null)
    else chunks.push(chunk)
  })
  request.on("end", () => {
    if (bytes > maxBodyBytes) return
    const [only] = chunks
    done(
      chunks.length === 1 && only !== undefined ? only.toString() : Buffer.concat(chunks, bytes).toString(),
    )
  })
}
