import { createServer, type IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { setImmediate as nextTurn } from "node:timers/promises"
import { listenLocally } from "@sluice/ingress/testing/local-server.ts"
import { answerPieces, exchangeHeader } from "./hostile-bytes.ts"
import type { HostileAnswer, HostileExchange } from "./hostile-exchanges.ts"

/** An upstream that answers as exchanges say. */
export interface HostileUpstream extends AsyncDisposable {
  readonly url: string
  /** All headers and targets that it was sent, as text. */
  readonly seen: ReadonlyArray<string>
  /** Answers by these from now on. */
  play(exchanges: ReadonlyArray<HostileExchange>): void
}

const credentialIn = ({ headers }: IncomingMessage): string =>
  String(headers["x-api-key"] ?? headers["x-goog-api-key"] ?? headers.authorization ?? "").replace(
    "Bearer ",
    "",
  )

const write = async (socket: Socket, answer: HostileAnswer, credential: string): Promise<void> => {
  for (const piece of answerPieces(answer, credential)) {
    if (piece.length > 0) socket.write(piece)
    await nextTurn()
  }
  if (answer.breaksAt === undefined) socket.end()
  else if (answer.breaksBy === "reset") socket.resetAndDestroy()
}

/** Starts one on a free port. */
export const startHostileUpstream = async (): Promise<HostileUpstream> => {
  const seen: Array<string> = []
  let exchanges: ReadonlyArray<HostileExchange> = []
  const attempts = new Map<number, number>()
  const server = createServer((request) => {
    const nth = Number(request.headers[exchangeHeader]) || 0
    const { socket } = request
    seen.push(`${request.url} ${request.rawHeaders.join(" ")}`)
    request.resume()
    request.on("error", () => undefined)
    request.once("end", () => {
      const attempt = attempts.get(nth) ?? 0
      attempts.set(nth, attempt + 1)
      const answers = exchanges[nth % exchanges.length]?.answers ?? []
      const answer = answers[attempt % answers.length]
      if (answer === undefined) socket.destroy()
      else void write(socket, answer, credentialIn(request))
    })
  })
  server.on("connection", (socket) => socket.on("error", () => undefined))
  const listening = await listenLocally(server)
  return {
    ...listening,
    seen,
    play: (next) => {
      exchanges = next
      attempts.clear()
      seen.length = 0
    },
  }
}
