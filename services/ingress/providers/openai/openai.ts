import { sessionKeyOf } from "../../admission/session-key.ts"
import type { Problem } from "../../http/errors.ts"
import { type Dialect, isObject, textOf } from "../protocol.ts"

const errorType = (status: number): string => {
  if (status === 429) return "rate_limit_error"
  return status >= 500 ? "server_error" : "invalid_request_error"
}

const errorBody = ({ code, status, message }: Problem): string =>
  JSON.stringify({ error: { message, type: errorType(status), param: null, code } })

const modelEntry = (id: string): string =>
  JSON.stringify({ id, object: "model", created: 0, owned_by: "sluice" })

/** What all endpoints of OpenAI's API have in common. Source: OpenAI API reference. */
export const openai: Dialect = {
  name: "openai",
  credentialHeader: (_auth, credential) => ["authorization", `Bearer ${credential}`],
  // A base URL with a path is one as the SDKs take it: it holds the version already.
  upstreamPath: (basePath, path) => (basePath === "" ? path : basePath + path.slice("/v1".length)),
  sessionKey: (json) =>
    sessionKeyOf(json["prompt_cache_key"], "prompt_cache_key") ?? sessionKeyOf(json["user"], "user"),
  errorWords: (json) => {
    const error = isObject(json) ? json["error"] : undefined
    if (typeof error === "string") return { type: "", code: "", message: error }
    if (!isObject(error)) return undefined
    return { type: textOf(error["type"]), code: textOf(error["code"]), message: textOf(error["message"]) }
  },
  errorBody,
  errorEvent: (problem) => `event: error\ndata: ${errorBody(problem)}\n\n`,
  modelList: (models) => `{"object":"list","data":[${models.map(modelEntry).join(",")}]}`,
  modelEntry,
}
