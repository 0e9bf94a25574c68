import { resolve } from 'node:path'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { runControllers } from '../client/controller-runtime.js'
import type { Clock } from '../machinery/clock.js'
import type { Handler, UserInfo } from '../machinery/http.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { serviceUnavailable } from '../machinery/status-error.js'
import { type DefaultSchedulerOptions, startDefaultScheduler } from '../scheduler/default-scheduler.js'
import type { ServerExtension } from '../server/built-in.js'
import { boundedController } from './bounded-controller.js'
import { ComponentThread } from './component-thread.js'
import type { Config, ConfigDeclaration } from './config.js'
import { FaultReport } from './fault-report.js'
import { hostedAuthenticators, hostedAuthorizers } from './hosted-access.js'
import { hostedAdmission } from './hosted-admission.js'
import { hostedHooks } from './hosted-hooks.js'
import { install } from './install.js'
import { madeConfig } from './made-config.js'
import { manifestOf } from './manifest.js'
import { PluginCaller } from './plugin-caller.js'
import { inProcessHost, type PluginHost } from './plugin-host.js'
import { PluginMetrics } from './plugin-metrics.js'
import { configUser, controllerUser } from './plugin-users.js'
import { pluginFactories } from './scheduler-plugins.js'
import { WorkerHost } from './worker-host.js'
import type { ThreadComponent } from './worker-messages.js'

export interface ExtensionOptions {
  readonly clock: Clock
  /** Hears of plugins that fail. */
  readonly onError: (error: unknown) => void
}

/** A server that a configuration is to extend. */
export interface ExtendedServer {
  readonly handle: Handler
  /** With all rights. */
  readonly client: Client
  readonly metrics: MetricsRegistry
}

/** What a configuration adds to a control plane. Dispose of it before the server. */
export interface Extension extends AsyncDisposable {
  readonly server: ServerExtension
  /** Makes the cluster have what the plugins need; from then on they are called, and controllers run. */
  start(server: ExtendedServer): Promise<void>
  /** The scheduler with the configuration's plugins, once it is started; undefined if there are none. */
  startScheduler(options: DefaultSchedulerOptions): Promise<AsyncDisposable> | undefined
}

/**
 * Loads a configuration: a file, whose functions run in threads of their own, or a declaration, whose functions run in
 * this one. Throws a `ConfigError` for one that cannot be used.
 */
export async function loadExtension(
  source: string | ConfigDeclaration,
  { clock, onError }: ExtensionOptions,
): Promise<Extension> {
  const report = new FaultReport(clock, onError)
  const metrics = new PluginMetrics()
  const parts: AsyncDisposable[] = []
  let serving: Handler | undefined
  // Nobody asks before the server is there, but a configuration that does so while it is loaded.
  const handle: Handler = request =>
    serving?.(request) ?? Promise.reject(serviceUnavailable('the API server is still starting'))
  const clientFor = (user: UserInfo) => apiClient(handle, { user })

  let host: PluginHost
  let startControllers: () => readonly AsyncDisposable[]
  let startScheduler: Extension['startScheduler']
  if (typeof source === 'string') {
    const shared = { file: resolve(source), handle, clock, report, metrics }
    host = await WorkerHost.start(shared)
    const thread = (component: ThreadComponent) => new ComponentThread({ ...shared, component })
    startControllers = () => host.manifest.controllers.map(({ name }) => thread({ type: 'controller', name }))
    startScheduler = async () => thread({ type: 'scheduler' })
  } else {
    const config = await madeConfig(source, { client: clientFor(configUser), clock })
    host = inProcessHost(config, manifestOf(config), clock)
    startControllers = () => runHere(config, { clock, clientFor, report, metrics })
    startScheduler = options => startDefaultScheduler({ ...options, plugins: pluginFactories(config.scheduler ?? []) })
  }
  parts.push(host)
  const { manifest } = host
  const caller = new PluginCaller(host, metrics, report)
  return {
    server: {
      admission: registries => hostedAdmission(manifest.admission, caller, registries),
      authenticators: hostedAuthenticators(manifest.authenticators, caller),
      authorizers: hostedAuthorizers(manifest.authorizers, caller),
      hooks: hostedHooks(manifest.hooks, caller),
    },
    async start(server) {
      serving = server.handle
      metrics.countIn(server.metrics)
      await install(server.client, manifest)
      caller.active = true
      parts.push(...startControllers())
    },
    startScheduler: options => (manifest.scheduler.length > 0 ? startScheduler(options) : undefined),
    async [Symbol.asyncDispose]() {
      for (const part of parts.splice(0).toReversed()) await part[Symbol.asyncDispose]()
    },
  }
}

/** Runs the controllers of a configuration in this thread, each with its own rights. */
function runHere(
  { controllers = [] }: Config,
  {
    clock,
    clientFor,
    report,
    metrics,
  }: {
    readonly clock: Clock
    readonly clientFor: (user: UserInfo) => Client
    readonly report: FaultReport
    readonly metrics: PluginMetrics
  },
): readonly AsyncDisposable[] {
  return controllers.map(declared => {
    const { name } = declared
    const bounded = boundedController(declared, clock, ({ result, seconds }) =>
      metrics.called(name, 'reconcile', result, seconds),
    )
    return runControllers([bounded], {
      client: clientFor(controllerUser(name)),
      clock,
      fieldManager: `t8s-${name}`,
      faultsAsEvents: true,
      onError: error => report.tell(`controller ${name}`, error),
    })
  })
}
