import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemClock } from '../machinery/clock.js'
import { serviceUnavailable } from '../machinery/status-error.js'
import { ComponentThread } from './component-thread.js'
import { FaultReport } from './fault-report.js'
import { PluginMetrics } from './plugin-metrics.js'
import { configFolder } from './test-config-file.js'

const loopsAtFirst = (marker: string) => `
  import { existsSync, writeFileSync } from 'node:fs'
  import { controller, defineConfig } from 'typernetes'
  import { ConfigMap } from 'typernetes/api'
  if (existsSync('${marker}')) writeFileSync('${marker}.again', '')
  else {
    writeFileSync('${marker}', '')
    setTimeout(() => { for (;;) {} }, 10)
  }
  export default defineConfig({
    controllers: [controller({ name: 'loops', watches: { for: ConfigMap }, async reconcile() {} })],
  })`

it('a controller that is caught in a loop is started anew', async () => {
  await using folder = await configFolder()
  const file = await folder.write('')
  await folder.write(loopsAtFirst(`${file}.marker`))
  const metrics = new PluginMetrics()
  // The clock keeps no process alive.
  const alive = setInterval(() => {}, 60_000)
  const restarted = new Promise<[string, string]>(resolve => {
    metrics.restarted = (worker, reason) => resolve([worker, reason])
  })
  const told: string[] = []
  const report = new FaultReport(systemClock, error => void told.push((error as Error).message))
  const handle = () => Promise.reject(serviceUnavailable('there is none'))
  const options = {
    file,
    component: { type: 'controller', name: 'loops' } as const,
    handle,
    clock: systemClock,
    report,
    metrics,
    patienceMs: 200,
  }
  await using _worker = new ComponentThread(options)
  assert.deepEqual(await restarted, ['loops', 'blocked'])
  assert.ok(told.includes('controller loops has ended and is started anew'), told.join('\n'))
  clearInterval(alive)
})
