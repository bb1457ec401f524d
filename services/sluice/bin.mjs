#!/usr/bin/env node
import { fileURLToPath } from "node:url"
import { runScript } from "../../infra/bootstrap/set-up.mjs"

// `npm start` and `npx sluice`, on any Node from 20 on and with nothing installed yet (S1, S2); only what works on a data directory without NATS_URL starts a nats-server (S3).
const args = process.argv.slice(2)
const natsServer = ["up", "export", "import"].includes(args[0] ?? "") && !process.env.NATS_URL
await runScript(fileURLToPath(new URL("main.ts", import.meta.url)), args, { natsServer })
