import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import { listenLocally } from "./local-server.ts"

/** A request as an upstream saw it. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: ReadonlyArray<string>
  readonly body: Buffer
  /** True from the moment in which its connection was closed before the answer had ended. */
  cut: boolean
}

/** What an upstream does with its nth request, counted from 0. */
export type Script = (response: ServerResponse, seen: SeenRequest, nth: number) => void

/** An upstream that runs. */
export interface ScriptedUpstream extends AsyncDisposable {
  readonly url: string
  readonly seen: ReadonlyArray<SeenRequest>
}

/** Starts a real HTTP server that answers as a test says. */
export const startScriptedUpstream = async (script: Script): Promise<ScriptedUpstream> => {
  const seen: SeenRequest[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers, rawHeaders } = request
    const entry: SeenRequest = { method, url, headers, rawHeaders, body: await buffer(request), cut: false }
    response.on("close", () => {
      entry.cut = !response.writableFinished
    })
    seen.push(entry)
    script(response, entry, seen.length - 1)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  })
  const listening = await listenLocally(server)
  return {
    ...listening,
    seen,
  }
}

/** Answers with a JSON body and its length. */
export const sendJson = (
  response: ServerResponse,
  status: number,
  json: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const body = JSON.stringify(json)
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

/** Begins an event stream. */
export const beginEvents = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "up-1" })
  response.flushHeaders()
}
