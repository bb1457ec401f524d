import { once } from "node:events"
import { connect } from "node:net"

/** So long after the last byte of an answer, or without any, a client waits no more. */
const patienceMs = 900

/** Sends bytes and gives all that comes back until the connection ends, or the client leaves. */
export const sendRaw = async (
  port: number,
  bytes: Buffer,
  leavesAfterMs: number | undefined,
): Promise<Buffer> => {
  const socket = connect({ port, host: "127.0.0.1" })
  const chunks: Array<Buffer> = []
  socket.on("data", (chunk: Buffer) => chunks.push(chunk))
  // A connection that breaks has ended: what came so far is the answer.
  socket.on("error", () => undefined)
  socket.setTimeout(patienceMs, () => socket.destroy())
  socket.write(bytes)
  const leaving = leavesAfterMs === undefined ? undefined : setTimeout(() => socket.destroy(), leavesAfterMs)
  await once(socket, "close")
  clearTimeout(leaving)
  return Buffer.concat(chunks)
}
