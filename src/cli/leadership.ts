import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import {
  type Client,
  EventWriter,
  electLeader,
  type LeaderElection,
  type LeaderElectionOptions,
} from '../client/index.js'
import { OperatorError } from '../cluster/operator-error.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import type { HealthCheck } from '../server/health.js'
import { aborted } from './aborted.js'
import { durationMs, isTrue } from './flag-values.js'
import { logFault } from './log.js'

/** Flags of the election; what they leave open, a file or the defaults say. */
export interface LeaderFlags {
  readonly leaderElect?: string
  readonly leaderElectLeaseDuration?: string
  readonly leaderElectRenewDeadline?: string
  readonly leaderElectRetryPeriod?: string
  readonly leaderElectResourceName?: string
  readonly leaderElectResourceNamespace?: string
}

/** The `leaderElection` of a component's configuration file. */
export interface LeaderConfiguration {
  readonly leaderElect?: boolean | undefined
  readonly leaseDuration?: string | undefined
  readonly renewDeadline?: string | undefined
  readonly retryPeriod?: string | undefined
  readonly resourceName?: string | undefined
  readonly resourceNamespace?: string | undefined
}

/** An election as it is held. */
export type Election = Required<
  Pick<LeaderElectionOptions, 'lease' | 'leaseDuration' | 'renewDeadline' | 'retryPeriod'>
> & {
  /** Without it, there is no election. */
  readonly elect: boolean
}

/** Candidates wait up to this factor longer than they should, so that not all come at once. */
const jitter = 1.2

/** The election that flags and, where they say nothing, a file ask for. Throws an `OperatorError` if it cannot work. */
export function electionOf(flags: LeaderFlags, lease: string, file: LeaderConfiguration = {}): Election {
  const time = (flag: string, given: string | undefined, fallback: string): number =>
    durationMs(flag, given ?? fallback)
  const { leaderElectLeaseDuration: duration, leaderElectRenewDeadline: deadline } = flags
  const leaseDuration = time('--leader-elect-lease-duration', duration ?? file.leaseDuration, '15s')
  const renewDeadline = time('--leader-elect-renew-deadline', deadline ?? file.renewDeadline, '10s')
  const retryPeriod = time('--leader-elect-retry-period', flags.leaderElectRetryPeriod ?? file.retryPeriod, '2s')
  const elect = flags.leaderElect ? isTrue('--leader-elect', flags.leaderElect) : (file.leaderElect ?? true)
  if (elect && !(retryPeriod > 0 && renewDeadline > retryPeriod * jitter && leaseDuration > renewDeadline))
    throw new OperatorError(
      'the times of the leader election do not fit together',
      `The lease must last longer than the renew deadline, and that ${jitter} times the retry period.`,
    )
  const name = flags.leaderElectResourceName ?? (file.resourceName || lease)
  const namespace = flags.leaderElectResourceNamespace ?? (file.resourceNamespace || 'kube-system')
  return { elect, lease: { namespace, name }, leaseDuration, renewDeadline, retryPeriod }
}

/** A component that works in one process at a time. */
export interface Candidacy<W extends AsyncDisposable> {
  /** Who events say that they come from. */
  readonly eventSource: string
  readonly client: Client
  /** Of the process. */
  readonly metrics: MetricsRegistry
  /** `metrics` are new each time: who leads again begins anew. */
  readonly work: (metrics: MetricsRegistry) => Promise<W>
}

/** Does the work while holding the lease, or all the time if there is no election. */
export class Leadership<W extends AsyncDisposable> {
  #election: LeaderElection | undefined
  #working: { readonly metrics: MetricsRegistry; readonly work: W } | undefined

  constructor(
    private readonly election: Election,
    private readonly candidacy: Candidacy<W>,
  ) {
    const status = candidacy.metrics.gauge({
      name: 'leader_election_master_status',
      help: '1 while this process holds the lease of that name, 0 while it stands by.',
      labels: ['name'],
    })
    if (election.elect)
      candidacy.metrics.collect(() => status.with(election.lease.name).set(this.#election?.leading ? 1 : 0))
  }

  /** The work, while it is done here. */
  get work(): W | undefined {
    return this.#working?.work
  }

  /** It is told of at `/healthz` and `/readyz`. */
  get checks(): readonly HealthCheck[] {
    const check = () => {
      if (this.#election?.overdue) throw new Error('failed election to renew leadership on lease')
    }
    return this.election.elect ? [{ name: 'leaderElection', exceptLive: true, check }] : []
  }

  /** The metrics of the process and of its work, in Prometheus' text format. */
  readonly metrics = (): string => this.candidacy.metrics.text() + (this.#working?.metrics.text() ?? '')

  /** The work is being done, or it is not up to this process. */
  get settled(): boolean {
    return this.#working !== undefined || (this.election.elect && this.#election?.leading === false)
  }

  /** Resolves once the signal aborts and the work has ended. Rejects if it cannot begin and there is no election. */
  async until(signal: AbortSignal): Promise<void> {
    const { client, eventSource } = this.candidacy
    const { elect, ...election } = this.election
    if (!elect) {
      await using _running = await this.#work()
      await aborted(signal)
      return
    }
    const identity = `${hostname()}_${randomUUID()}`
    await using writer = new EventWriter({ client, onError: logFault })
    const events = writer.recorder({ component: eventSource })
    await using running = electLeader({ client, identity, events, onError: logFault, ...election }, () => this.#work())
    this.#election = running
    await aborted(signal)
  }

  async #work(): Promise<AsyncDisposable> {
    const metrics = new MetricsRegistry()
    const work = await this.candidacy.work(metrics)
    this.#working = { metrics, work }
    return {
      [Symbol.asyncDispose]: async () => {
        this.#working = undefined
        await work[Symbol.asyncDispose]()
      },
    }
  }
}
