import { createRequire } from 'node:module'
import { isAbsolute } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { runControllers } from '../client/controller-runtime.js'
import { systemClock } from '../machinery/clock.js'
import { boundedController } from './bounded-controller.js'
import type { Config } from './config.js'
import { loadConfigFile } from './load-config.js'
import { manifestOf } from './manifest.js'
import { errorData, makeCall } from './plugin-call.js'
import { portTransport } from './port-transport.js'
import { pluginFactories } from './scheduler-plugins.js'
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.js'

/** The thread that a configuration's functions run in: called from the server, or running a controller or the scheduler. */

const { file, component, port } = workerData as WorkerStart
const send = (message: FromWorker) => parentPort?.postMessage(message)
const fault = (where: string, error: unknown) => send({ type: 'fault', where, error: errorData(error) })

// A promise that nobody waits for harms nobody else. What is thrown outside of everything ends the thread.
process.on('unhandledRejection', error => fault('a promise that nobody waits for', error))
// Plugins' errors tell their lines as they were written.
process.setSourceMapsEnabled(true)

const clientOver = (port: MessagePort, name: string): Client =>
  apiClient(portTransport(port), { headers: { 'user-agent': `t8s/${name}` } })

try {
  const config = await loadConfigFile(file, { client: clientOver(port, 'config'), clock: systemClock })
  if (component?.of.type === 'controller')
    runController(config, component.of.name, clientOver(component.port, component.of.name))
  else if (component) await runScheduler(config, clientOver(component.port, 'scheduler'))
  parentPort?.on('message', (message: ToWorker) => {
    if (message.type === 'ping') send({ type: 'pong', id: message.id })
    else void answer(config, message.id, message.call)
  })
  send({ type: 'loaded', manifest: manifestOf(config), files: loadedFiles() })
} catch (error) {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  send({ type: 'unusable', message, stack })
}

async function answer(config: Config, id: number, call: Parameters<typeof makeCall>[1]): Promise<void> {
  try {
    send({ type: 'answer', id, value: await makeCall(config, call) })
  } catch (error) {
    // An answer that cannot be sent is a fault, too.
    send({ type: 'failed', id, error: errorData(error) })
  }
}

function runController(config: Config, name: string, client: Client): void {
  const declared = config.controllers?.find(one => one.name === name)
  if (!declared) throw new Error(`${file} declares no controller ${name} any more: start the cluster again`)
  const bounded = boundedController(declared, systemClock, outcome => send({ type: 'ran', outcome }))
  runControllers([bounded], {
    client,
    fieldManager: `t8s-${name}`,
    faultsAsEvents: true,
    onError: (error, { key }) =>
      fault(key ? `${key.namespace ? `${key.namespace}/` : ''}${key.name}` : 'watching', error),
  })
}

async function runScheduler({ scheduler = [] }: Config, client: Client): Promise<void> {
  const { startDefaultScheduler } = await import('../scheduler/default-scheduler.js')
  const onError = (error: unknown) => fault('scheduling', error)
  await startDefaultScheduler({ client, plugins: pluginFactories(scheduler), onError })
}

/** The configuration and what it imports, but for packages: these are all that is loaded this way. */
function loadedFiles(): readonly string[] {
  const { cache } = createRequire(import.meta.url)
  return Object.keys(cache).filter(path => isAbsolute(path) && !path.includes('/node_modules/'))
}
