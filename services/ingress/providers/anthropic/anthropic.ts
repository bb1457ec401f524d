import { type SessionKey, sessionKeyOf } from "../../admission/session-key.ts"
import type { Problem } from "../../http/errors.ts"
import { parseJson } from "../../json/parse.ts"
import { type Dialect, isObject, textOf } from "../protocol.ts"

const sessionSuffix = /_session_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/iu
const suffixLength = "_session_00000000-0000-0000-0000-000000000000".length

/** Reads the session that a user's id ends with, or holds where it is itself JSON; any other id is that of a user and not of a session. Source: B5. */
const sessionKey = (json: Readonly<Record<string, unknown>>): SessionKey | undefined => {
  const metadata = json["metadata"]
  const userId = isObject(metadata) ? metadata["user_id"] : undefined
  if (typeof userId !== "string") return undefined
  const user = userId.startsWith("{") ? parseJson(userId) : undefined
  const session = isObject(user) ? user["session_id"] : sessionSuffix.exec(userId.slice(-suffixLength))?.[1]
  return sessionKeyOf(session, "metadata_user_id")
}

const typeOfStatus = new Map<number, string>([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [405, "invalid_request_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [504, "timeout_error"],
])

const errorBody = ({ code, status, message }: Problem, requestId: string): string =>
  JSON.stringify({
    type: "error",
    error: { type: typeOfStatus.get(status) ?? "api_error", message, code },
    request_id: requestId,
  })

const modelEntry = (id: string): string =>
  JSON.stringify({ type: "model", id, display_name: id, created_at: "1970-01-01T00:00:00Z" })

/** What all endpoints of Anthropic's API have in common. Source: Anthropic API reference. */
export const anthropic: Dialect = {
  name: "anthropic",
  credentialHeader: (auth, credential) =>
    auth === "bearer" ? ["authorization", `Bearer ${credential}`] : ["x-api-key", credential],
  // A base URL is one as the SDK takes it, before the version; one that ends with it is understood too.
  upstreamPath: (basePath, path) =>
    basePath.endsWith("/v1") ? basePath + path.slice("/v1".length) : basePath + path,
  sessionKey,
  errorWords: (json) => {
    const error = isObject(json) && json["type"] === "error" ? json["error"] : undefined
    if (!isObject(error)) return undefined
    return { type: textOf(error["type"]), code: textOf(error["code"]), message: textOf(error["message"]) }
  },
  errorBody,
  errorEvent: (problem, requestId) => `event: error\ndata: ${errorBody(problem, requestId)}\n\n`,
  modelList: (models) =>
    `{"data":[${models.map(modelEntry).join(",")}],"has_more":false,` +
    `"first_id":${JSON.stringify(models[0] ?? null)},"last_id":${JSON.stringify(models.at(-1) ?? null)}}`,
  modelEntry,
}
