import type { Credential } from './pki.js'

/** What an API server serves with, and by what it knows others, at the moment. */
export interface ServerCredentials {
  readonly serving: Credential
  /** PEM of the authorities whose client certificates are believed. */
  readonly clientCa: string
  /** What kubelets are shown. */
  readonly kubeletClient: Credential
  /** What aggregated API servers are shown. */
  readonly frontProxy: Credential
}

/** Credentials that change while they are used: who uses them is told. */
export class LiveCredentials {
  #now: ServerCredentials
  readonly #users: ((now: ServerCredentials) => void | Promise<void>)[] = []

  constructor(initial: ServerCredentials) {
    this.#now = initial
  }

  get now(): ServerCredentials {
    return this.#now
  }

  /** Calls `use` with every change to come. */
  onChange(use: (now: ServerCredentials) => void | Promise<void>): void {
    this.#users.push(use)
  }

  /** Resolves when everybody uses what is new. Throws, and leaves all as it was, if TLS cannot use it. */
  async change(change: Partial<ServerCredentials>): Promise<void> {
    const before = this.#now
    this.#now = { ...before, ...change }
    try {
      for (const use of this.#users) await use(this.#now)
    } catch (error) {
      this.#now = before
      for (const use of this.#users) await use(before)
      throw error
    }
  }
}
