// npm run fuzz -- [--seconds N] [--seed N]: asks the API server, in memory, for what nobody would ask, sends connections
// what is hardly HTTP/2, and prints what breaks. A seed that found something finds it again.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

process.env.NODE_ENV ??= 'test'
const dist = process.env.T8S_DIST ?? fileURLToPath(new URL('../dist', import.meta.url))
const { fuzzServer } = await import(`${dist}/cluster/fuzz/fuzz-server.js`)
const { fuzzConnections } = await import(`${dist}/cluster/fuzz/fuzz-connections.js`)
const { Random } = await import(`${dist}/cluster/fuzz/mutate.js`)
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
const untilMs = performance.now() + Number(values.seconds) * 1000
let seed = Number(values.seed ?? Date.now() % 1_000_000)
let failed = false
while (performance.now() < untilMs && !failed) {
  const report = await fuzzServer({ seed, rounds: 10, requestsPerRound: 2000, untilMs })
  console.log(`seed ${report.seed}: ${report.requests} requests, statuses ${JSON.stringify(report.statuses)}`)
  console.log(`  heap after each round: ${report.heap.map(bytes => `${Math.round(bytes / 1e6)} MB`).join(', ')}`)
  console.log(`  slowest, ${Math.round(report.slowest.ms)} ms: ${report.slowest.request.slice(0, 300)}`)
  const { requests, endings, faults } = await fuzzConnections(new Random(seed), 5000)
  console.log(`  5000 connections: ${requests} requests, ended by ${JSON.stringify(endings)}`)
  const found = [...report.faults, ...faults]
  for (const fault of found.slice(0, 20)) console.log(`  FAULT ${fault}\n`)
  failed = found.length > 0
  seed++
}
process.exitCode = failed ? 1 : 0
