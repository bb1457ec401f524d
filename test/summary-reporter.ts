import type { Reporter, TestModule } from "vitest/node"

/** Prints as the last line of a run how many tests passed and failed; a file that could not be loaded and an error outside any test count as failed. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>) {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const passed = tests.filter((test) => test.result().state === "passed").length
    const failed = tests.filter((test) => test.result().state === "failed").length
    const broken = modules.filter((module) => module.errors().length > 0).length
    process.stdout.write(`${passed} passed, ${failed + broken + unhandledErrors.length} failed\n`)
  }
}
