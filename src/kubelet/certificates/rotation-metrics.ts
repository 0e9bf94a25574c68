import type { Clock } from '../../machinery/clock.js'
import type { Cell, Distribution, MetricsRegistry } from '../../machinery/metrics/index.js'

const hour = 3600
const day = 24 * hour

/** How the rotation of a kubelet's client or serving certificate goes, with upstream's names. */
export class RotationMetrics {
  readonly #errors: Cell
  readonly #lived: Distribution | undefined
  #expires = Number.POSITIVE_INFINITY

  constructor(metrics: MetricsRegistry, use: 'client' | 'server', clock: Clock) {
    const isClient = use === 'client'
    const ttl = metrics.gauge({
      name: `kubelet_certificate_manager_${use}_ttl_seconds`,
      help: `Seconds until the kubelet's ${isClient ? 'client' : 'serving'} certificate is over, negative when it is; +Inf if there is none.`,
    })
    this.#errors = metrics
      .counter({
        name: isClient
          ? 'kubelet_certificate_manager_client_expiration_renew_errors'
          : 'kubelet_server_expiration_renew_errors',
        help: 'Certificates that could not be renewed when they should have been.',
      })
      .with()
    this.#lived = isClient
      ? undefined
      : metrics
          .histogram(
            {
              name: 'kubelet_certificate_manager_server_rotation_seconds',
              help: 'Age in seconds of certificates when the next one took their place.',
            },
            [60, hour, 4 * hour, ...[1, 7, 30, 90, 180, 360, 1440].map(days => days * day)],
          )
          .with()
    metrics.collect(() => ttl.with().set((this.#expires - clock.now()) / 1000))
  }

  /** A certificate is in use that ends then, in ms since the epoch. */
  uses(expires: number): void {
    this.#expires = expires
  }

  failed(): void {
    this.#errors.add()
  }

  /** Another certificate takes the place of one that was used for so many ms. */
  replaced(lived: number): void {
    this.#lived?.observe(lived / 1000)
  }
}
