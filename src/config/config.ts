import type { PolicyRule } from '../api/rbac/v1/index.js'
import type { Client } from '../client/client.js'
import type { Controller } from '../client/controller.js'
import type { Clock } from '../machinery/clock.js'
import type { SchedulerPlugin } from '../scheduler/framework.js'
import type { AdmissionAttributes, AdmissionPlugin } from '../server/admission/admission.js'
import type { AuthenticatorPlugin } from '../server/authentication/authenticator.js'
import type { AuthorizerPlugin } from '../server/authorization/authorizer.js'
import type { RequestHook } from '../server/request-hooks.js'
import type { CustomResource } from './custom-resource.js'

/** What a cluster has beyond what every cluster has. Each part is declared as the built-in ones are. */
export interface Config {
  /** Kinds of objects to be added to the API. */
  readonly resources?: readonly CustomResource[]
  /** What is done about objects. */
  readonly controllers?: readonly ConfiguredController[]
  /** Looks at writes before they happen: fills in, refuses. Declare them with `admission`. */
  readonly admission?: readonly ConfiguredAdmission[]
  /** Find out who makes a request that no other authenticator knows. */
  readonly authenticators?: readonly AuthenticatorPlugin[]
  /** Decide what users may do, before roles do. */
  readonly authorizers?: readonly AuthorizerPlugin[]
  /** Look at requests and their answers. */
  readonly hooks?: readonly RequestHook[]
  /** Have a say in where pods go, in every profile that does not disable them. */
  readonly scheduler?: readonly SchedulerPlugin[]
  /** What `cluster.client` may do, as the rules of a ClusterRole; nothing by default. */
  readonly rights?: readonly PolicyRule[]
}

/** An admission plugin that comes with a configuration; `admission` types its objects. */
export interface ConfiguredAdmission extends Pick<AdmissionPlugin, 'name' | 'match' | 'timeoutMs' | 'failurePolicy'> {
  /** Changes the object in place, before the server's own rules are looked at. */
  mutate?(request: AdmissionAttributes): Promise<void> | void
  /** Looks at the object as it would be written; throw `refusal(request, why)` to refuse it. */
  validate?(request: AdmissionAttributes): Promise<void> | void
}

/**
 * A controller acts in its own name (`t8s:controller:NAME`). It may do what its `watches` imply: read what it watches,
 * change the object it is for, its status and finalizers, do anything with what it `owns`, and record events.
 */
export interface ConfiguredController extends Controller {
  /** What it may do beyond that, as the rules of a ClusterRole. */
  readonly rights?: readonly PolicyRule[]
  /** How long one run may take, in ms; 60,000 by default. Its client refuses to work for it any longer. */
  readonly timeoutMs?: number
}

/** Declares a controller, with what a configuration may say of it beyond what every controller says. */
export const controller = (declaration: ConfiguredController): ConfiguredController => declaration

/** What plugins other than controllers may hold on to. */
export interface Cluster {
  /**
   * Acts as the user `t8s:config`, who has the configuration's `rights`. It is for plugins that are called: while the
   * configuration is loaded, there is no API server yet.
   */
  readonly client: Client
  readonly clock: Clock
}

/** A configuration, or a function that makes one for a cluster. */
export type ConfigDeclaration = Config | ((cluster: Cluster) => Config | Promise<Config>)

/**
 * Declares what a cluster has beyond what every cluster has. The default export of a `t8s.config.ts`:
 *
 *     export default defineConfig({ admission: [...], controllers: [...] })
 *
 * or, where plugins need to ask the cluster something:
 *
 *     export default defineConfig(({ client }) => ({ admission: [...], rights: [...] }))
 */
export const defineConfig = (config: ConfigDeclaration): ConfigDeclaration => config
