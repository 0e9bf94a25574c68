import { TokenReview } from '../api/authentication/v1/index.js'
import { SubjectAccessReview } from '../api/authorization/v1/index.js'
import { ConfigMap } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { Informers } from '../client/informers.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import type { Handler } from '../machinery/http.js'
import { MetricsRegistry, metricsContentType } from '../machinery/metrics/index.js'
import { anonymous, authenticationStage } from '../server/authentication/authenticator.js'
import { clientCertificates } from '../server/authentication/client-certificates.js'
import { webhookTokens } from '../server/authentication/webhook-tokens.js'
import { type Authorizer, authorizationStage, firstOf, privilegedGroup } from '../server/authorization/authorizer.js'
import { webhookAuthorizer } from '../server/authorization/webhook-authorizer.js'
import { debugPagesStage } from '../server/debug-pages.js'
import { type HealthCheck, healthStage } from '../server/health.js'
import { listenTls } from '../server/http/tls-listener.js'
import { pipeline, type RequestContext, type Stage } from '../server/pipeline.js'
import { requestInfo } from '../server/request-info.js'
import { errorResponse, jsonValue, text } from '../server/respond.js'
import { kubernetesVersion } from '../server/version.js'
import { selfSignedServing } from './pki.js'

export interface ComponentServingOptions {
  /** As upstream calls it, such as `kube-scheduler`. */
  readonly component: string
  /** The flags it was started with, by their names. */
  readonly flags: { readonly [name: string]: string }
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** PEMs; self-signed when absent. */
  readonly serving?: { readonly certificate: string; readonly key: string }
  /** PEM of the authorities whose client certificates are believed; those of the cluster, as it publishes them, when absent. */
  readonly clientCa?: string
  /** Is asked whom tokens speak for, and which authorities the cluster believes. */
  readonly authentication: Client
  /** Is asked what users may do. */
  readonly authorization: Client
  /** Paths that are open to everybody; one that ends with `*` stands for all that begin so. */
  readonly openPaths: readonly string[]
  readonly checks: () => readonly HealthCheck[]
  /** The component's metrics, in Prometheus' text format. */
  readonly metrics: () => string
  /** More metrics, by their paths. */
  readonly moreMetrics?: { readonly [path: string]: () => string }
  /** The configuration in force, under its name. */
  readonly configz: { readonly [name: string]: unknown }
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
}

export interface ComponentServing extends AsyncDisposable {
  readonly port: number
}

/** How long the API server's answers are believed, in ms, as upstream's delegated options have it. */
const lifetimes = { token: 10_000, allowed: 10_000, denied: 10_000 }

/**
 * What a component serves beside its work, to whom the API server knows and lets: `/healthz`, `/livez`, `/readyz`,
 * `/metrics`, `/metrics/slis`, `/configz`, `/statusz`, `/flagz`. It works on while the API server cannot be asked; then nobody is let in but to
 * what is open.
 */
export async function serveComponent(options: ComponentServingOptions): Promise<ComponentServing> {
  const { host, port, authentication, clock = systemClock, onError } = options
  const own = await selfSignedServing([...new Set(['localhost', '127.0.0.1', host])], clock)
  const { certificate, key } = options.serving ?? own
  const listener = await listenTls({
    ...{ host, port, cert: certificate, key, handler: handlerOf(options, clock), onError: () => {} },
    // Until the cluster's are known, one that vouches for nobody: its key is forgotten.
    clientCa: options.clientCa ?? own.ca,
  })
  const informers = new Informers({ client: authentication, clock, onError })
  if (options.clientCa === undefined) {
    const published = informers.selected(ConfigMap, {
      namespace: 'kube-system',
      fieldSelector: 'metadata.name=extension-apiserver-authentication',
    })
    published.onChange(({ data }, _old, change) => {
      const clientCa = change === 'deleted' ? undefined : data?.['client-ca-file']
      listener.renew({ cert: certificate, key, clientCa: clientCa || own.ca })
    })
  }
  return {
    port: listener.port,
    async [Symbol.asyncDispose]() {
      await informers[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
    },
  }
}

/** Answers requests. */
function handlerOf(options: ComponentServingOptions, clock: Clock): Handler {
  const { component, flags, authentication, authorization, openPaths, checks, metrics, configz, onError } = options
  const { moreMetrics = {} } = options
  /** What came of the checks. */
  const health = new MetricsRegistry()
  const authenticators = [
    clientCertificates(clock),
    webhookTokens({
      ask: review => authentication.create(TokenReview, review),
      audiences: [],
      lifetimeMs: lifetimes.token,
      clock,
    }),
  ]
  const authorizer = firstOf([
    privilegedGroup('system:masters'),
    openTo(openPaths),
    webhookAuthorizer({
      ask: review => authorization.create(SubjectAccessReview, review),
      authorizedMs: lifetimes.allowed,
      unauthorizedMs: lifetimes.denied,
      failurePolicy: 'NoOpinion',
      clock,
    }),
  ])
  const page =
    (path: string, answer: (context: RequestContext) => ReturnType<typeof text>): Stage =>
    (context, next) =>
      context.info.path === path ? Promise.resolve(answer(context)) : next()
  const run = pipeline([
    authenticationStage(authenticators, { allowAnonymous: true }),
    authorizationStage(authorizer),
    healthStage(checks, health),
    ...Object.entries({ '/metrics': metrics, '/metrics/slis': () => health.text(), ...moreMetrics }).map(
      ([path, shown]) => page(path, () => text(200, shown(), metricsContentType)),
    ),
    page('/configz', ({ request }) => jsonValue(request, 200, configz)),
    debugPagesStage({
      ...{ component, clock, flags, version: kubernetesVersion.slice(1) },
      paths: ['/configz', '/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz'],
    }),
    async () => text(404, '404 page not found\n'),
  ])
  return async request => {
    try {
      const info = requestInfo(request.method, request.path, request.query)
      return await run({ request, info, user: anonymous, warnings: [], auditId: '' })
    } catch (error) {
      return errorResponse(request, error, onError)
    }
  }
}

const openTo = (paths: readonly string[]): Authorizer => ({
  authorize: (_user, { path }) =>
    paths.some(open => (open.endsWith('*') ? path.startsWith(open.slice(0, -1)) : path === open))
      ? { verdict: 'allow', reason: '' }
      : { verdict: 'none', reason: '' },
  rulesFor: () => ({ rules: [], incomplete: false, errors: [] }),
})
