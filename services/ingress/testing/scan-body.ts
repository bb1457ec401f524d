import { JsonScan } from "../json/scan.ts"
import { isObject, type ScannedBody, type WireProtocol } from "../providers/protocol.ts"

/** Scans a body as a request's would be. Fails: throws where it would be refused. */
export const scanBody = ({ asked }: Pick<WireProtocol, "asked">, body: unknown): ScannedBody => {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
  const scan = new JsonScan(asked, { isStrict: true })
  scan.feed(bytes)
  const { json, ranges, files, problem } = scan
  if (!scan.isWhole || !isObject(json)) throw new Error(problem ?? "the body is not whole")
  return { bytes: bytes.length, json, ranges, files }
}
