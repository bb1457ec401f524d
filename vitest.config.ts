import { configDefaults, defineConfig } from "vitest/config"

const integration = "test/**/*.integration.test.ts"

/** Unit tests side by side; then, a few at a time, those that start real servers and kill processes. */
export default defineConfig({
  test: {
    reporters: ["default", "./test/summary-reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["{events,actors,infra,services,test}/**/*.test.ts"],
          exclude: [...configDefaults.exclude, integration],
          testTimeout: 60_000,
          hookTimeout: 20_000,
          maxWorkers: "100%",
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: [integration],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
