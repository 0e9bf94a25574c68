// Runs compiled tests: node scripts/test.mjs unit integration e2e [--only TEXT]. Ends with `N passed, N failed`.
// What tests that were killed have left on the machine is removed first; those of this run undo all when it is ended.
import { spawnSync } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import process from 'node:process'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

/** Where the compiled project is; T8S_DIST says otherwise. */
const dist = resolve(process.env.T8S_DIST ?? fileURLToPath(new URL('../dist', import.meta.url)))
const args = process.argv.slice(2)
const only = args.includes('--only') ? args.splice(args.indexOf('--only'), 2)[1] : undefined
const kinds = new Set(args.length > 0 ? args : ['unit', 'integration'])

const kindOf = name =>
  name.endsWith('.e2e.test.js') ? 'e2e' : name.endsWith('.integration.test.js') ? 'integration' : 'unit'

const files = readdirSync(dist, { recursive: true })
  .filter(name => name.endsWith('.test.js') && kinds.has(kindOf(name)) && (!only || name.includes(only)))
  .sort()
  .sort((a, b) => Number(kindOf(a) === 'unit') - Number(kindOf(b) === 'unit'))
  .map(name => join(dist, name))

spawnSync(process.execPath, [join(dist, 'cluster/remove-test-remains.js')], { stdio: ['ignore', 'inherit', 'inherit'] })
const { markTestProcesses } = await import(join(dist, 'machinery/test-folder.js'))
markTestProcesses()
/** Ends the files that run; this process goes on until they have cleared up. */
const ended = new AbortController()
setMaxListeners(0, ended.signal)
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => ended.abort())

/** Runs files, some side by side. Answers what they did, which of their tests failed, and the report of it. */
function runFiles(files, concurrency) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const events = run({ files, concurrency, timeout: 600_000, signal: ended.signal })
  // A suite, and the file itself, pass or fail by what is in them: only that is counted. A file that breaks before it
  // has run a test is counted, too.
  const isLeaf = ({ details, name }) => details?.type !== 'suite' && !files.includes(name)
  events.on('test:pass', data => {
    if (!isLeaf(data)) return
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped++
    else counts.passed++
  })
  const failures = []
  events.on('test:fail', data => {
    if (!isLeaf(data) && data.details?.error?.failureType === 'subtestsFailed') return
    counts.failed++
    failures.push(`${relative(dist, data.file ?? '')}: ${data.name}`)
  })
  return { counts, failures, report: events.compose(new spec()) }
}

/**
 * What runs at the same time. End-to-end tests mostly wait for what they have begun, and leave the processor to others;
 * those of whole clusters share the machine's node ports, so that there is one at a time. Long ones come first.
 */
const rows = [
  { concurrency: availableParallelism(), wants: file => kindOf(file) !== 'e2e' },
  { concurrency: 1, wants: file => kindOf(file) === 'e2e' && !file.startsWith(join(dist, 'cluster/')) },
  { concurrency: 1, wants: file => kindOf(file) === 'e2e' && file.startsWith(join(dist, 'cluster/')) },
].map(({ concurrency, wants }) => runFiles(files.filter(wants), concurrency))

const total = { passed: 0, failed: 0, skipped: 0 }
for (const { counts, report } of rows) {
  for await (const text of report) process.stdout.write(text)
  for (const key of Object.keys(total)) total[key] += counts[key]
}
// What failed is far above by now.
for (const failure of rows.flatMap(({ failures }) => failures)) process.stdout.write(`\n✖ ${failure}`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
