import { isObject } from "./protocol.ts"

const bytesPerToken = 4
const tokensPerInlineFile = 1_000
const smallestInlineFile = 1_024

/**
 * Estimates the input tokens of a body from its size: a quarter of its bytes, where each file that stands in it as base64 counts as a thousand tokens.
 *
 * A tokenizer's estimate costs 20 µs for 700 characters, as much as everything else that is done with a small request; this costs none.
 * Source: D4.
 */
export const estimateInputTokens = (messages: unknown, bytes: number): number => {
  const files = { count: 0, bytes: 0 }
  if (bytes > smallestInlineFile) countInlineFiles(messages, files, 0)
  return Math.ceil((bytes - files.bytes) / bytesPerToken) + files.count * tokensPerInlineFile
}

/** Follows lists and the members in which the protocols put files, no deeper than they nest them. */
const countInlineFiles = (value: unknown, files: { count: number; bytes: number }, depth: number): void => {
  if (depth > 8) return
  if (Array.isArray(value)) {
    for (const item of value) countInlineFiles(item, files, depth + 1)
    return
  }
  if (!isObject(value)) return
  for (const member of ["data", "url", "file_data", "image_url"] as const) {
    const text = value[member]
    if (typeof text === "string" && text.length >= smallestInlineFile) {
      files.count += 1
      files.bytes += text.length
    }
  }
  for (const member of [
    "content",
    "source",
    "image_url",
    "input_audio",
    "file",
    "parts",
    "inlineData",
    "inline_data",
  ] as const) {
    const inner = value[member]
    if (typeof inner === "object") countInlineFiles(inner, files, depth + 1)
  }
}
