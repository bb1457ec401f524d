import { createServer, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import { type LocalServer, listenLocally } from "@sluice/ingress/testing/local-server.ts"

const json = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}

const usage = (tokens: unknown) => ({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
})
const events = { "content-type": "text/event-stream" }

/** Ways in which an upstream can misbehave, each the name of a channel and the begin of its models' names. */
export const misdeeds: Readonly<Record<string, (response: ServerResponse, model: string) => void>> = {
  pairs: (response) => json(response, 200, `{"choices":[${"{},".repeat(32 * 2 ** 18)}{}],"x":{}}`),
  embeddings: (response) => {
    const embedding = `[${"0.0123456,".repeat(1_000)}0]`
    json(
      response,
      200,
      `{"data":[${`{"embedding":${embedding}},`.repeat(1_700)}{}],"usage":${JSON.stringify(usage(9))}}`,
    )
  },
  endless: (response) => {
    response.writeHead(200, events)
    response.write(`data: ${JSON.stringify({ choices: [], usage: usage(1) })}\n\ndata: [DONE]\n\n`)
    const more = Buffer.alloc(64 * 1024, "data: {}\n\n")
    const push = (): void => {
      while (!response.destroyed && response.write(more));
    }
    response.on("drain", push)
    push()
  },
  interim: (response) => {
    response.socket?.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(20_000))
    json(response, 200, { choices: [], usage: usage(1) })
  },
  headers: (response) =>
    json(
      response,
      429,
      { error: { message: "slow down", type: "requests" } },
      {
        "retry-after": "1e99",
        "retry-after-ms": "9007199254740991",
        "x-ratelimit-limit-requests": "1e308",
        "x-ratelimit-remaining-requests": "-1",
        "x-ratelimit-reset-requests": "9999-12-31T23:59:59Z",
        "anthropic-ratelimit-requests-reset": "9999-12-31T23:59:59Z",
        "x-codex-primary-reset-at": "253402300799",
      },
    ),
  crowded: (response) =>
    json(response, 429, { error: { message: "too many concurrent requests", type: "concurrency" } }),
  unknown: (response, model) => {
    if (model.length % 2 === 0)
      json(response, 404, {
        error: { code: "model_not_found", message: `The model ${model} does not exist` },
      })
    else json(response, 429, { error: { message: `rate limit of ${model}`, type: "requests" } })
  },
  figures: (response, model) =>
    json(
      response,
      200,
      `{"choices":[],"usage":{"prompt_tokens":${model.slice(8)},"completion_tokens":${model.slice(8)}}}`,
    ),
  slow: (response) => {
    response.writeHead(200, events)
    response.flushHeaders()
  },
}

/** Starts an upstream on a free port that does what the model's name says. */
export const startRogueUpstream = async (): Promise<LocalServer> => {
  const server = createServer((request, response) => {
    response.on("error", () => undefined)
    const answer = async (): Promise<void> => {
      const body = (await buffer(request)).toString("latin1", 0, 4_096)
      const model = /"model": ?"([^"]*)"/u.exec(body)?.[1] ?? ""
      misdeeds[model.split("-")[0] ?? ""]?.(response, model)
    }
    // A proxy that has left wants no answer.
    answer().catch(() => response.destroy())
  })
  return listenLocally(server)
}
