import { expect, test } from "vitest"
import { plainEnvironment } from "./plain-environment.ts"

test("a part sees where things are and what its runtime is told, and none of the keys beside them", () => {
  const plain = { PATH: "/bin", HOME: "/h", NODE_OPTIONS: "--trace-gc", OTEL_SERVICE_NAME: "s", LC_ALL: "C" }
  const secret = {
    OPENAI_API_KEY: "sk",
    NATS_URL: "nats://u:p@h",
    CLICKHOUSE_URL: "http://u:p@h",
    NODE_AUTH_TOKEN: "t",
    MY_LC_KEY: "k",
  }
  expect(plainEnvironment({ ...plain, ...secret, TZ: undefined })).toEqual(plain)
})
