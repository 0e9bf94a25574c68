import { X509Certificate } from 'node:crypto'
import type { Client } from '../../client/client.js'
import { type Clock, sleep, systemClock } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { certificateSays } from '../../machinery/x509/index.js'
import type { CertificateStore, KeyedCertificate } from './certificate-store.js'
import { requestCertificate } from './request-certificate.js'
import type { RotationMetrics } from './rotation-metrics.js'
import type { CertificateWish } from './wishes.js'

export interface RotationOptions {
  readonly store: CertificateStore
  readonly client: Client
  /** What the certificate is to say; undefined as long as that is not known. */
  readonly wish: () => CertificateWish | undefined
  /** A new certificate is in the store. */
  readonly renewed: (credential: KeyedCertificate) => void
  readonly onError: (error: unknown) => void
  readonly metrics?: RotationMetrics
  readonly clock?: Clock
  /** From 0 to 1. */
  readonly random?: () => number
}

/** Ms between attempts. */
const backOff = { first: 2_000, last: 32_000 }

/**
 * When a certificate is to be replaced, in ms since the epoch: after 70 to 90 % of its life, so that not all nodes come
 * at once. https://kubernetes.io/docs/tasks/tls/certificate-rotation/
 */
export function rotationTime(certificate: X509Certificate, random: number): number {
  const from = Date.parse(certificate.validFrom)
  const to = Date.parse(certificate.validTo)
  return from + (to - from) * (0.7 + 0.2 * random)
}

/** Replaces a certificate before it ends, and when it is to say something else, until disposed of. */
export class CertificateRotation implements AsyncDisposable {
  readonly #stopping = new AbortController()
  readonly #clock: Clock
  readonly #random: () => number
  readonly #running: Promise<void>
  #wake = new AbortController()
  /** What is being asked for. */
  #asked: CertificateWish | undefined
  /** Chance decides once for each certificate. */
  #due: { readonly fingerprint: string; readonly at: number } | undefined

  constructor(private readonly options: RotationOptions) {
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#running = this.#run(this.#stopping.signal)
  }

  /** The wish, or what is in the store, may be another one. */
  check(): void {
    // What is still wanted is waited for.
    if (this.#asked && jsonEqual(this.#asked, this.options.wish())) return
    this.#wake.abort(new Error('something else is wanted'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the rotation of certificates stops'))
    await this.#running
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const { store, client, wish, renewed, onError, metrics } = this.options
    let failures = 0
    while (!stopping.aborted) {
      this.#wake = new AbortController()
      const signal = AbortSignal.any([stopping, this.#wake.signal])
      const wanted = wish()
      let wait = Number.POSITIVE_INFINITY
      try {
        const current = await store.read()
        if (current) metrics?.uses(Date.parse(new X509Certificate(current.certificate).validTo))
        wait = wanted ? this.#dueTime(current, wanted) - this.#clock.now() : wait
        if (wanted && wait <= 0) {
          this.#asked = wanted
          const credential = await requestCertificate(client, wanted, { signal, clock: this.#clock })
          if (!certificateSays(new X509Certificate(credential.certificate), wanted))
            throw new Error(`the signer ${wanted.signerName} has left out what was asked for`)
          await store.write(credential, this.#clock)
          renewed(credential)
          if (current)
            metrics?.replaced(this.#clock.now() - Date.parse(new X509Certificate(current.certificate).validFrom))
          failures = 0
          continue
        }
      } catch (error) {
        if (stopping.aborted) return
        if (signal.aborted) continue
        metrics?.failed()
        onError(error)
        wait = Math.min(backOff.first * 2 ** failures++, backOff.last)
      } finally {
        this.#asked = undefined
      }
      await sleep(this.#clock, wait, signal).catch(() => {})
    }
  }

  #dueTime(current: KeyedCertificate | undefined, wanted: CertificateWish): number {
    if (!current) return Number.NEGATIVE_INFINITY
    const certificate = new X509Certificate(current.certificate)
    if (!certificateSays(certificate, wanted)) return Number.NEGATIVE_INFINITY
    const fingerprint = certificate.fingerprint256
    if (this.#due?.fingerprint !== fingerprint)
      this.#due = { fingerprint, at: rotationTime(certificate, this.#random()) }
    return this.#due.at
  }
}
