import { start } from "@sluice/actors/testing/specification.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"

/** The fact that closes the story of a request of the channel `c`. */
export const completed = (request: string, more: Partial<RequestCompleted> = {}): RequestCompleted => ({
  actor: "ingress/n1",
  type: "request.completed",
  at: start + 500,
  request,
  client: "alice",
  protocol: "openai",
  path: "/v1/chat/completions",
  model: "m",
  pool: "p",
  streaming: true,
  arrivedAt: start,
  deadlineMs: 60_000,
  estimate: { inputTokens: 10, outputTokens: 20 },
  maxTokens: 20,
  candidates: [],
  attempts: [],
  channel: "c",
  account: "a",
  status: 200,
  code: "ok",
  waitMs: 0,
  ttftMs: 120,
  totalMs: 500,
  bytesIn: 10,
  bytesOut: 20,
  ...more,
})
