import type { Problem } from "../../http/errors.ts"
import { decoded } from "../../http/percent-decoded.ts"
import { type Dialect, isObject, textOf } from "../protocol.ts"
import { readErrorDetails } from "./google-error-details.ts"

/** The name of a status in Google's APIs. Source: google.rpc.Code and its mapping to HTTP. */
const nameOfStatus = new Map<number, string>([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [405, "UNIMPLEMENTED"],
  [413, "INVALID_ARGUMENT"],
  [429, "RESOURCE_EXHAUSTED"],
  [499, "CANCELLED"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
])

/** `code` is a number in this protocol, so ours is the reason in the details. */
const errorBody = ({ code, status, message }: Problem): string =>
  JSON.stringify({
    error: {
      code: status,
      message,
      status: nameOfStatus.get(status) ?? "INTERNAL",
      details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: code, domain: "sluice" }],
    },
  })

const modelEntry = (model: string): string =>
  JSON.stringify({
    name: `models/${model}`,
    displayName: model,
    supportedGenerationMethods: ["generateContent", "streamGenerateContent"],
  })

const versionAtEnd = /\/v1(?:alpha|beta)?$/
const calledPath = /^\/(v1(?:alpha|beta)?)\/models\/([^/]*):([A-Za-z]+)$/
/** What would be more than one part of a path, or none, to one who reads the path less strictly. */
const divides = /[/\\?#;%]|^\.*$/

/** Reads the name of the model in a path; empty where there is none that can be read, or one that names another place. */
export const modelOfPath = (path: string): string => {
  const model = decoded(calledPath.exec(path)?.[2] ?? "") ?? ""
  return divides.test(model) ? "" : model
}

/** What all endpoints of the Gemini API have in common. Source: Gemini API reference. */
export const gemini: Dialect = {
  name: "gemini",
  credentialHeader: (auth, credential) =>
    auth === "api-key" ? ["x-goog-api-key", credential] : ["authorization", `Bearer ${credential}`],
  // A base URL is one as the SDK takes it, before the version; one that ends with a version is understood too.
  upstreamPath: (basePath, path, model) => {
    const [, version = "", , method = ""] = calledPath.exec(path) ?? []
    const base = versionAtEnd.test(basePath) ? basePath : `${basePath}/${version}`
    return `${base}/models/${encodeURIComponent(model ?? modelOfPath(path))}:${method}`
  },
  errorWords: (json) => {
    // A stream that comes as a list has its error in one, too.
    const body: unknown = Array.isArray(json) ? json[0] : json
    const error = isObject(body) ? body["error"] : undefined
    if (!isObject(error)) return undefined
    return {
      type: textOf(error["status"]),
      code: "",
      message: textOf(error["message"]),
      details: readErrorDetails(error["details"]),
    }
  },
  errorBody,
  errorEvent: (problem) => `data: ${errorBody(problem)}\r\n\r\n`,
  modelList: (models) => `{"models":[${models.map(modelEntry).join(",")}]}`,
  modelEntry,
}
