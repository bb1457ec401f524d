/** A finished answer as a test looks at it. */
export interface CalledAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** One server-sent event; OpenAI's carry no name. */
export interface ServerSentEvent {
  readonly event: string | null
  readonly data: string
}

/** A small question in OpenAI's protocol, with what a test wants changed. */
export function askOpenai(
  url: string,
  headers: Record<string, string> = {},
  body: object = {},
  signal?: AbortSignal,
): Promise<Response> {
  const question = { model: "demo-gpt", messages: [{ role: "user", content: "hello" }], ...body }
  return post(`${url}/v1/chat/completions`, { authorization: "Bearer sk-test", ...headers }, question, signal)
}

/** A small question in Anthropic's protocol, with what a test wants changed. */
export function askAnthropic(
  url: string,
  headers: Record<string, string> = {},
  body: object = {},
  signal?: AbortSignal,
): Promise<Response> {
  const question = {
    model: "demo-claude",
    max_tokens: 1024,
    messages: [{ role: "user", content: "hello" }],
    ...body,
  }
  return post(
    `${url}/v1/messages`,
    { "x-api-key": "sk-ant-test", "anthropic-version": "2023-06-01", ...headers },
    question,
    signal,
  )
}

/** A small question to a model of Gemini, with what a test wants changed; `method` may bring a query. */
export function askGemini(
  url: string,
  method: string,
  headers: Record<string, string> = {},
  body: object = {},
): Promise<Response> {
  const question = { contents: [{ role: "user", parts: [{ text: "hello" }] }], ...body }
  const path = `${url}/v1beta/models/demo-gemini:${method}`
  return post(path, { "x-goog-api-key": "g-test", ...headers }, question)
}

/** Asks any other endpoint. */
export function askAt(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return post(url, { authorization: "Bearer sk-test", ...headers }, body)
}

/** Reads an answer to its end. Fails: rejects when the connection ends before the answer does. */
export async function readAnswer(asked: Promise<Response>): Promise<CalledAnswer> {
  const response = await asked
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/**
 * Takes a stream apart. Fails: throws at anything that is not `event:` and `data:` lines closed by an empty
 * line.
 */
export function readEvents(text: string): ServerSentEvent[] {
  if (!text.endsWith("\n\n"))
    throw new Error(`the stream ends within an event: ${JSON.stringify(text.slice(-80))}`)
  return text
    .slice(0, -2)
    .split("\n\n")
    .map((block) => {
      const parts = /^(?:event: (?<event>[a-z_.]+)\n)?data: (?<data>.+)$/.exec(block)?.groups
      if (parts?.["data"] === undefined) throw new Error(`not an event: ${JSON.stringify(block)}`)
      return { event: parts["event"] ?? null, data: parts["data"] }
    })
}

function post(
  url: string,
  headers: Record<string, string>,
  body: object,
  signal?: AbortSignal,
): Promise<Response> {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  }
  return fetch(url, signal === undefined ? init : { ...init, signal })
}
