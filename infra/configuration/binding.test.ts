import { expect, test } from "vitest"
import { bindingProblem } from "./binding.ts"

test.each(["127.0.0.1", "127.8.8.8", "::1", "localhost"])("%s needs no client keys", (host) => {
  expect(bindingProblem(host, [])).toBeUndefined()
})

test.each(["0.0.0.0", "::", "192.168.1.4", "example.org", "127.0.0.1.example.org"])(
  "%s is refused without client keys (S9)",
  (host) => {
    expect(bindingProblem(host, [])).toContain(`will not listen on ${host} without client keys`)
    expect(bindingProblem(host, ["alice"])).toBeUndefined()
  },
)
